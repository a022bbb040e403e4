/** `assay history --delivery REF`: the delivery's ledger and verdict. */
import { relative } from 'node:path';
import { writeDelivery } from '../../campaign/history/delivery-file.ts';
import { deliveryRuns, type DeliveryRuns } from '../../campaign/history/runs.ts';
import type { History } from '../../campaign/history/store.ts';
import { HarnessError } from '../../plan/errors.ts';
import { nearest } from '../../plan/options.ts';
import { deliveryVerdict } from '../../verdicts/ledger/delivery-verdict.ts';
import type { DeliveryVerdict } from '../../verdicts/ledger/model.ts';
import { lotExit } from '../exit-code.ts';
import { tellDelivery } from '../tell-delivery.ts';
import type { Io } from '../terminal.ts';

/**
 * Tells the ledger and writes the delivery's verdict.json.
 *
 * @param on YYYY-MM-DD
 * @returns the exit code
 * @throws {HarnessError} RUN_UNREADABLE where no run counts into it
 */
export async function ledger(
  history: History,
  { out, delivery, on }: { readonly out: string; readonly delivery: string; readonly on: string },
  io: Io,
): Promise<number> {
  const found = await deliveryRuns(history, out, delivery);
  const verdict = deliveryVerdict({ reference: delivery, on, ...found });
  if (verdict === undefined) throw nothingCounted(delivery, out, found);
  const file = await writeDelivery(out, verdict);
  io.verdictAt(file);
  if (io.json) io.event(verdict);
  else {
    tellDelivery(verdict, namesOf(verdict, found), io);
    io.out(`written: ${relative(process.cwd(), file)}`);
  }
  return lotExit(verdict.lot.verdict);
}

function nothingCounted(
  reference: string,
  out: string,
  { notCounted, known }: DeliveryRuns,
): HarnessError {
  const named = notCounted.map(({ run, why }) => `\n  ${run}: ${why}`).join('');
  const message = `no run in ${out} counts into the delivery ${JSON.stringify(reference)}${named}`;
  return new HarnessError('RUN_UNREADABLE', message, {
    hint:
      known.length === 0 || known.includes(reference)
        ? 'Runs are what `assay accept PLAN --out DIR` writes; `--out` names their folder here too.'
        : nearest(reference, known, 'Deliveries there'),
  });
}

/** Identity → host name where it was seen last: for the terminal, never for a file. */
function namesOf(
  { serials }: DeliveryVerdict,
  { names }: DeliveryRuns,
): ReadonlyMap<string, string> {
  return new Map(
    serials.flatMap(({ identity, sightings }) => {
      const last = sightings.at(-1);
      const name = names.get(`${last?.run ?? ''}/${last?.node ?? ''}`);
      return name === undefined ? [] : [[identity, name] as const];
    }),
  );
}
