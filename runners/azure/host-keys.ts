/** Host keys from the serial console: cloud-init prints them, and Azure vouches for whose console it is. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { keysInConsole } from '../cloud/host-keys.ts';
import type { Machine } from '../cloud/model.ts';
import { VERSION, type Arm } from './client.ts';
import { timeLimit } from '../../plan/limit.ts';

const diagnostics = z.object({ serialConsoleLogBlobUri: z.string().max(4000).nullish() });

/** Bytes of a log that are read: its end. */
const MOST = 4 * 2 ** 20;
/** Seconds for the log. */
const PATIENCE = 30;

/**
 * Empty: none are printed yet, or boot diagnostics are off.
 *
 * @param trust redact: the log's address carries a signature that opens it; standIn: the log lies where it
 * listens, not in Azure's storage
 */
export async function consoleKeys(
  arm: Arm,
  { id }: Machine,
  trust: { redact(value: string): void; readonly standIn: boolean },
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const { value } = await arm.call({
      operation: 'VirtualMachineScaleSetVMs_RetrieveBootDiagnosticsData',
      method: 'POST',
      path: `${id}/retrieveBootDiagnosticsData?api-version=${VERSION.compute}`,
      signal,
      shape: diagnostics,
      patience: { total: 30 },
    });
    if (typeof value.serialConsoleLogBlobUri !== 'string') return [];
    const link = new URL(value.serialConsoleLogBlobUri);
    trust.redact(link.search);
    const storage = link.protocol === 'https:' && /\.blob\.core\.[a-z.]+$/u.test(link.hostname);
    if (!storage && !(trust.standIn && link.hostname === '127.0.0.1')) return [];
    const response = await fetch(link, {
      redirect: 'error',
      signal: timeLimit(PATIENCE, signal),
    });
    if (!response.ok) return [];
    return keysInConsole((await response.text()).slice(-MOST));
  } catch (error) {
    signal.throwIfAborted();
    // No permission, no storage, no log yet: the key is then accepted unseen, and that is said.
    if (error instanceof HarnessError || error instanceof TypeError) return [];
    if (error instanceof DOMException) return [];
    throw error;
  }
}
