/** Why something that was taken on came to nothing: OCI tells it in work requests alone. */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import { query, type Oci } from './client.ts';
import { reasonFor } from './errors.ts';
import { workErrorShape, workRequestShape } from './shapes.ts';

/** A failure's reason, code and words. */
export type Why = NonNullable<Machine['why']>;

/**
 * The failure of a thing's work requests.
 *
 * @param known the work request that an answer named; undefined: it is looked for
 * @returns undefined: none failed, or none can be read
 */
export async function failureOf(
  oci: Oci,
  region: string,
  resource: string,
  known: string | undefined,
  signal: AbortSignal,
): Promise<Why | undefined> {
  const patience = { total: 30 };
  try {
    const failed =
      known === undefined
        ? (
            await oci.list({
              operation: 'ListWorkRequests',
              region,
              path: `/workRequests${query({ compartmentId: oci.compartment, resourceId: resource })}`,
              item: workRequestShape,
              signal,
              patience,
            })
          ).flatMap(({ id, status }) => (status === 'FAILED' ? [id] : []))
        : [known];
    for (const id of failed) {
      const [first] = await oci.list({
        operation: 'ListWorkRequestErrors',
        region,
        path: `/workRequests/${id}/errors`,
        item: workErrorShape,
        signal,
        patience,
      });
      if (first === undefined) continue;
      const cause = { code: first.code ?? 'failed', message: first.message ?? '' };
      return { reason: reasonFor(cause, 'work request'), ...cause };
    }
    return undefined;
  } catch (error) {
    // The reason is lost, the failure is not.
    if (error instanceof HarnessError) return undefined;
    throw error;
  }
}
