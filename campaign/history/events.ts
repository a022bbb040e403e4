/** What happened, beside what was measured: nights, alarms, declared changes. */
import { canonical } from '../directory/canonical.ts';
import type { Batch, DeclaredChange, StoredEvent } from './model.ts';
import type { History } from './store.ts';
import { literal } from './tables.ts';

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

/**
 * Events of a delivery, oldest first: their bodies are read, so ask for the kinds that are needed.
 *
 * @param night YYYY-MM-DD: of this one alone; absent: of all
 */
export async function readEvents(
  history: History,
  delivery: string,
  kinds: readonly StoredEvent['kind'][],
  night?: string,
): Promise<readonly StoredEvent[]> {
  const rows = await history.database.all(
    `SELECT id, strftime(told_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS told, night, kind, body FROM events
     WHERE delivery = $delivery AND kind IN (${kinds.map(literal).join(', ')})
     ${night === undefined ? '' : 'AND night = $night::DATE'} ORDER BY night, told_at, id`,
    { delivery, ...(night !== undefined && { night }) },
  );
  return rows.map(({ id, told, night: on, kind, body }) => ({
    id: String(id),
    at: String(told),
    night: String(on),
    kind: String(kind) as StoredEvent['kind'],
    body: JSON.parse(String(body)) as StoredEvent['body'],
  }));
}

/** Nights of a delivery that were made, YYYY-MM-DD, oldest first. */
export async function nightsMade(history: History, delivery: string): Promise<readonly string[]> {
  const rows = await history.database.all(
    "SELECT night FROM events WHERE delivery = $delivery AND kind = 'night' ORDER BY night",
    { delivery },
  );
  return rows.map(({ night }) => String(night));
}

/** Declared changes of a delivery, oldest first, with the id of each. */
export async function declaredChanges(
  history: History,
  delivery: string,
): Promise<readonly (DeclaredChange & { readonly id: string })[]> {
  const events = await readEvents(history, delivery, ['declared']);
  return events.map(({ id, body }) => ({ ...(body as unknown as DeclaredChange), id }));
}

/** References of the deliveries that the history holds, sorted. */
export async function deliveriesOf(history: History): Promise<readonly string[]> {
  const rows = await history.database.all(
    'SELECT delivery FROM runs UNION SELECT delivery FROM events ORDER BY delivery',
  );
  return rows.map(({ delivery }) => String(delivery));
}
