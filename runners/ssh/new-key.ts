/** A key pair made by us, for one run. */
import ssh2 from 'ssh2';

/** The two halves as OpenSSH writes them. */
export interface NewKey {
  readonly privateKey: string;
  /** Line for authorized_keys. */
  readonly publicKey: string;
}

/**
 * Makes a key pair without a passphrase.
 *
 * @param type rsa (3072 bits) where the provider takes nothing else
 * @param comment end of the public line
 */
export function newKey(type: 'ed25519' | 'rsa', comment: string): NewKey {
  for (let tries = 0; tries < 8; tries += 1) {
    const made =
      type === 'rsa'
        ? ssh2.utils.generateKeyPairSync('rsa', { bits: 3072, comment })
        : ssh2.utils.generateKeyPairSync('ed25519', { comment });
    // ssh2 writes one key in some hundreds so that it can't read it again (a leading zero byte).
    const readable = [made.private, made.public].every(
      (text) => !(ssh2.utils.parseKey(text) instanceof Error),
    );
    if (readable) return { privateKey: made.private, publicKey: made.public.trim() };
  }
  throw new Error('no readable key in eight tries');
}
