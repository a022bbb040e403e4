/** What happened, beside what was measured: nights, alarms, declared changes. */
import { canonical } from '../directory/canonical.ts';
import type { Batch, StoredEvent } from './model.ts';
import type { History } from './store.ts';

/** The rows of events that are committed together; the batch's id is theirs. */
export function eventBatch(
  id: string,
  delivery: string,
  night: string,
  events: readonly StoredEvent[],
): Batch {
  return {
    id,
    delivery,
    date: night,
    rows: {
      events: events.map((event) => ({
        id: event.id,
        // The column is in UTC; DuckDB reads no zone there.
        told_at: event.at.replace('Z', ''),
        night: event.night,
        kind: event.kind,
        delivery,
        body: canonical(event.body),
      })),
    },
  };
}

/** References of the deliveries that the history holds, sorted. */
export async function deliveriesOf(history: History): Promise<readonly string[]> {
  const rows = await history.database.all(
    'SELECT delivery FROM runs UNION SELECT delivery FROM events ORDER BY delivery',
  );
  return rows.map(({ delivery }) => String(delivery));
}
