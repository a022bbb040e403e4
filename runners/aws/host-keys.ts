/** Host keys from the console: cloud-init prints them there, and EC2 vouches for whose console it is. */
import { HarnessError } from '../../plan/errors.ts';
import { keysInConsole } from '../cloud/host-keys.ts';
import type { Machine } from '../cloud/model.ts';
import type { Ec2 } from './client.ts';

/** Empty: none are printed yet, or the type has no console to read now. */
export async function consoleKeys(
  ec2: Ec2,
  { id, where }: Machine,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const input = { InstanceId: id, Latest: true };
    const calling = { signal, patience: { total: 30 } };
    const { Output = '' } = await ec2.call(where, 'GetConsoleOutput', input, calling);
    return keysInConsole(Buffer.from(Output, 'base64').toString('utf8'));
  } catch (error) {
    // No permission, no such call: the key is then accepted unseen, and that is said.
    if (error instanceof HarnessError) return [];
    throw error;
  }
}
