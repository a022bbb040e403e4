/** What earlier runs left: looked for, and deleted when that is asked. */
import type { Leftover, Swept, SweepRequest } from '../swept.ts';
import type { Clock } from './clock.ts';
import { erase } from './erase.ts';
import type { Holdings, Resource } from './model.ts';
import { inScope } from './ownership.ts';

/**
 * @param limit seconds for deleting
 * @throws {HarnessError} PROVIDER_* when nothing at all could be looked at
 */
export async function sweep(
  holdings: Holdings,
  { apply, runs, expired, now }: SweepRequest,
  limit: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Swept> {
  const scope = { runs, everywhere: true, ...(expired && { expiredBy: now.getTime() }) };
  if (!apply) {
    const { found, blind } = await holdings.holdings(scope, signal);
    const ours = found.filter((one) => inScope(one.marks, scope));
    return { leftovers: ours.map((one) => leftover(one, 'found')), blind };
  }
  const { deleted, left, blind } = await erase(holdings, scope, { clock, signal, limit });
  return {
    leftovers: [
      ...deleted.map((one) => leftover(one, 'deleted')),
      ...left.map(({ resource, reason }) => ({ ...leftover(resource, 'left'), reason })),
    ],
    blind,
  };
}

function leftover({ id, kind, where, marks }: Resource, state: Leftover['state']): Leftover {
  const expires = Number.isFinite(marks.expires) && new Date(marks.expires).toISOString();
  return { id, kind, where, run: marks.run, state, ...(expires !== false && { expires }) };
}
