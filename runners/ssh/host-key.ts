/** Whether a host's key is the one that is known for it: the one place that decides. */
import { HarnessError } from '../../plan/errors.ts';
import type { KnownHost } from './known-hosts.ts';

/** SHA-256 fingerprint of a key as OpenSSH prints it. */
type Fingerprint = (key: Buffer) => string;

/** What to do about a key. */
export type KeyJudgement =
  | { readonly verdict: 'known' | 'new' }
  | { readonly verdict: 'refused'; readonly error: HarnessError };

/**
 * Judges the key that a host shows.
 *
 * @param name as filed in known_hosts
 * @param acceptNew take the key of a host that no file names; a changed or revoked key never
 */
export function judgeKey(
  known: KnownHost,
  name: string,
  type: string,
  key: Buffer,
  acceptNew: boolean,
  fingerprint: Fingerprint,
): KeyJudgement {
  const revoked = known.revoked.find((one) => one.key.equals(key));
  if (revoked !== undefined) {
    return refuse(
      'SSH_HOST_KEY_MISMATCH',
      `${name} shows a key that is revoked (${revoked.from})`,
      {
        hint: 'Someone may be in between, or the host must be given a new key.',
      },
    );
  }
  if (known.keys.some((one) => one.key.equals(key))) return { verdict: 'known' };
  const other = known.keys.find((one) => one.type === type) ?? known.keys[0];
  if (other !== undefined) {
    const seen = `${type} ${fingerprint(key)}`;
    return refuse(
      'SSH_HOST_KEY_MISMATCH',
      `${name} shows another key (${seen}) than ${other.from} (${other.type} ${fingerprint(other.key)})`,
      { hint: `If the host was reinstalled, remove the line; if not, someone may be in between.` },
    );
  }
  if (known.authorities.length > 0) {
    const from = known.authorities[0]?.from ?? '';
    return refuse(
      'SSH_HOST_KEY_UNKNOWN',
      `${name} is known by a certificate authority only (${from}) and showed a plain key`,
      { hint: 'Give the host its certificate, or add its key to known_hosts.' },
    );
  }
  if (acceptNew) return { verdict: 'new' };
  return refuse(
    'SSH_HOST_KEY_UNKNOWN',
    `the key of ${name} is not known (${type} ${fingerprint(key)})`,
    { hint: 'Add it with ssh-keyscan after checking it, or set host-keys: accept-new.' },
  );
}

function refuse(
  code: 'SSH_HOST_KEY_MISMATCH' | 'SSH_HOST_KEY_UNKNOWN',
  message: string,
  options: { readonly hint: string },
): KeyJudgement {
  return { verdict: 'refused', error: new HarnessError(code, message, options) };
}
