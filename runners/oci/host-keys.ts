/** Host keys from the serial console's history: cloud-init prints them, and OCI vouches for whose they are. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { keysInConsole } from '../cloud/host-keys.ts';
import type { Machine } from '../cloud/model.ts';
import type { Ownership } from '../cloud/ownership.ts';
import { anything } from '../cloud/rest.ts';
import type { Oci } from './client.ts';
import { thingShape } from './shapes.ts';
import { tagsOf } from './tags.ts';
import { timeLimit } from '../../plan/limit.ts';

/** Bytes of a console's history, from its end: OCI keeps no more than a megabyte. */
const MOST = 1_048_576;
/** Looks at a capture before it is given up. */
const LOOKS = 20;

/**
 * Empty: nothing is printed yet, or nobody may look: the key is then accepted unseen, and that is said.
 *
 * @param marks of the machine: the capture, which is deleted at once, carries them too
 */
export async function consoleKeys(
  oci: Oci,
  { id: instanceId, where: region }: Machine,
  marks: Ownership,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const base = '/instanceConsoleHistories';
  const common = { region, signal, patience: { total: 30 } };
  try {
    const { value: taken } = await oci.call({
      operation: 'CaptureConsoleHistory',
      method: 'POST',
      path: base,
      body: { instanceId, freeformTags: tagsOf(marks) },
      shape: thingShape,
      ...common,
    });
    try {
      const path = `${base}/${taken.id}`;
      for (let look = 0, state = taken.lifecycleState; state !== 'SUCCEEDED'; look += 1) {
        if (state === 'FAILED' || look >= LOOKS) return [];
        if (look > 0) await oci.clock.sleep(1000, signal);
        const { value } = await oci.call({
          operation: 'GetConsoleHistory',
          method: 'GET',
          path,
          shape: thingShape,
          ...common,
        });
        state = value.lifecycleState;
      }
      const { value } = await oci.call({
        operation: 'GetConsoleHistoryContent',
        method: 'GET',
        path: `${path}/data?length=${MOST}`,
        text: true,
        shape: z.string(),
        ...common,
      });
      return keysInConsole(plain(value));
    } finally {
      await oci.call({
        operation: 'DeleteConsoleHistory',
        method: 'DELETE',
        path: `${base}/${taken.id}`,
        shape: anything,
        ...common,
        signal: timeLimit(60),
      });
    }
  } catch (error) {
    if (error instanceof HarnessError) return [];
    throw error;
  }
}

/** The vendor's own client takes the text for a string of JSON, its documentation for text: both are read. */
function plain(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return z.string().parse(JSON.parse(text));
  } catch {
    return text;
  }
}
