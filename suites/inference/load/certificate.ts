/** A file of certificates that the load generator is to trust, looked at with the plan. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemCode } from '../../../plan/errors.ts';

/** Why a plan can't have it: Node.js itself would only warn, and go on without. */
export function certificateProblem(file: string): string | undefined {
  try {
    const { raw } = new X509Certificate(readFileSync(file));
    return raw.length > 0 ? undefined : `${file} is empty`;
  } catch (error) {
    const code = systemCode(error);
    return code?.startsWith('E') === true && !code.startsWith('ERR_')
      ? `${file} can't be read (${code})`
      : `${file} holds no certificate in PEM`;
  }
}
