/** `assay history availability`: what of the accepted capacity still meets the contract, and what it is worth. */
import { readEvents } from '../../campaign/history/events.ts';
import type { History } from '../../campaign/history/store.ts';
import { availabilityOf } from '../../campaign/nightly/availability.ts';
import { HarnessError } from '../../plan/errors.ts';
import { printable, type Io } from '../terminal.ts';
import { tellRows, type FORMATS } from './tell-rows.ts';

/** Each machine that passed acceptance, and when another was first seen in the place where it was seen last. */
const ACCEPTED = `
WITH seen AS (SELECT serial, place, night, verdict, purpose FROM nodes
  WHERE run IN (SELECT run FROM runs WHERE delivery = $delivery)),
passed AS (SELECT serial, min(night) AS first FROM seen
  WHERE verdict = 'pass' AND purpose = 'accept' GROUP BY serial),
latest AS (SELECT serial, max(night) AS night, arg_max(place, night) AS place FROM seen GROUP BY serial)
SELECT passed.serial, passed.first,
  (SELECT min(other.night) FROM seen AS other WHERE other.place = latest.place
   AND other.serial <> latest.serial AND other.night > latest.night) AS swapped
FROM passed JOIN latest USING (serial)`;

/**
 * @param span.since absent: the day of the first acceptance
 * @throws {HarnessError} RUN_UNREADABLE where nothing was accepted
 */
export async function tellAvailability(
  history: History,
  delivery: string,
  span: { readonly since: string | undefined; readonly until: string },
  format: (typeof FORMATS)[number],
  io: Io,
): Promise<number> {
  const rows = await history.database.all(ACCEPTED, { delivery });
  const accepted = rows.map(({ serial, first: from, swapped }) => ({
    serial: String(serial),
    from: String(from),
    ...(swapped !== null && { until: String(swapped) }),
  }));
  const first = accepted.map(({ from }) => from).sort()[0];
  if (first === undefined) {
    throw new HarnessError('RUN_UNREADABLE', `no node of ${delivery} was accepted`, {
      hint: 'Availability is of accepted capacity: `assay accept` comes first.',
    });
  }
  const [priced] = await history.database.all(
    `SELECT price_per_node_hour AS price, currency FROM runs
     WHERE delivery = $delivery AND price_per_node_hour IS NOT NULL ORDER BY sealed_at DESC LIMIT 1`,
    { delivery },
  );
  const events = await readEvents(history, delivery, ['alarm-opened', 'alarm-closed']);
  const result = availabilityOf(
    accepted,
    events,
    { since: span.since ?? first, until: span.until },
    priced && { perNodeHour: Number(priced['price']), currency: String(priced['currency']) },
  );
  if (io.json) {
    io.event({ schema: 'assay/availability/1', delivery, ...result });
    return 0;
  }
  const columns = ['date', 'accepted', 'degraded', 'lost'];
  if (format !== 'table') tellRows({ columns, rows: result.days }, format, io);
  else {
    const { nodeDays, degradedDays, lostDays, share, claim } = result;
    io.out(
      printable(
        `${(100 * share).toFixed(2)} % of the accepted capacity of ${delivery} met the contract from ${result.since} to ${result.until}`,
      ),
    );
    io.out(
      `  ${nodeDays} node-days accepted; ${degradedDays} with a confirmed loss; ${lostDays} past a limit of the contract`,
    );
    io.out(
      claim === undefined
        ? '  no price is known: nothing is claimed'
        : `  paid for node-days past the contract: ${claim.amount.toFixed(2)} ${claim.currency}`,
    );
  }
  return 0;
}
