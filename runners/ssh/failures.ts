/** Failures of connecting, classed: what is worth another try, what is a key, what is the host. */
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { printable } from '../session/printable.ts';
import type { HostSettings } from './settings.ts';

/** An error of ssh2 or of the socket as ours. */
export function classify(
  error: Error & { readonly level?: string },
  settings: Pick<HostSettings, 'address' | 'port' | 'user'>,
  left: readonly string[],
): HarnessError {
  const where = printable(`${settings.address}:${settings.port}`);
  if (error.level === 'client-authentication') {
    const also = left.length > 0 ? `; not tried: ${left.join('; ')}` : '';
    const message = `${where} takes no key that was shown for ${printable(settings.user)}${also}`;
    return new HarnessError('SSH_AUTH', message, {
      hint: 'Put the public key into authorized_keys there, or set user and identity-file.',
      cause: error,
    });
  }
  return new HarnessError('SSH_UNREACHABLE', `${where}: ${wordsFor(error)}`, {
    hint: 'Check the name, the port and that sshd runs there; then assay resume.',
    cause: error,
  });
}

function wordsFor(error: Error & { readonly level?: string }): string {
  const code = systemCode(error);
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host';
  if (code !== undefined) return `no connection (${code})`;
  if (error.level === 'client-timeout') return 'no SSH handshake within the time allowed';
  return printable(error.message);
}
