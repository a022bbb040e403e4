import { relative } from 'node:path';
import { writeDelivery } from '../../campaign/history/delivery-file.ts';
import { deliveryRuns, type DeliveryRuns } from '../../campaign/history/runs.ts';
import { HarnessError } from '../../plan/errors.ts';
import { nearest } from '../../plan/options.ts';
import { deliveryVerdict } from '../../verdicts/ledger/delivery-verdict.ts';
import type { DeliveryVerdict } from '../../verdicts/ledger/model.ts';
import { command } from '../command.ts';
import { lotExit } from '../exit-code.ts';
import { tellDelivery } from '../tell-delivery.ts';

export const history = command({
  usage: 'history',
  describe: "A delivery over its runs: a line a serial, the delivery's verdict",
  examples: [
    [
      'history --delivery "MSA-2025-114 / tranche 7"',
      'each serial’s latest complete evidence, replacements, what came back',
    ],
    ['history --delivery MSA-2025-114 --on 2027-01-15', 'its dates held against that day'],
  ],
  options: (yargs) =>
    yargs
      .option('delivery', {
        type: 'string',
        demandOption: true,
        describe: 'Reference of the delivery',
      })
      .option('out', { type: 'string', default: 'runs', describe: 'Folder of the runs' })
      .option('on', {
        type: 'string',
        describe: 'Day that milestone and deemed acceptance are held against, YYYY-MM-DD; today',
      }),
  async run(args, io) {
    const on = dayOf(args.on);
    const found = await deliveryRuns(args.out, args.delivery);
    const verdict = deliveryVerdict({ reference: args.delivery, on, ...found });
    if (verdict === undefined) throw nothingCounted(args.delivery, args.out, found);
    const file = await writeDelivery(args.out, verdict);
    io.verdictAt(file);
    if (io.json) io.event(verdict);
    else {
      tellDelivery(verdict, namesOf(verdict, found), io);
      io.out(`written: ${relative(process.cwd(), file)}`);
    }
    return lotExit(verdict.lot.verdict);
  },
});

function dayOf(text: string | undefined): string {
  const day = text ?? new Date().toISOString().slice(0, 10);
  const at = /^\d{4}-\d{2}-\d{2}$/u.test(day) ? Date.parse(day) : NaN;
  // JavaScript takes 2027-02-30 for a day of March.
  if (Number.isFinite(at) && new Date(at).toISOString().startsWith(day)) return day;
  throw new HarnessError('USAGE', `--on ${day} is not a day`, { hint: 'Write it as 2027-01-15.' });
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
  { runs }: DeliveryRuns,
): ReadonlyMap<string, string> {
  const byPlace = new Map(
    runs.flatMap(({ run, nodes }) => nodes.map(({ id, name }) => [`${run}/${id}`, name] as const)),
  );
  return new Map(
    serials.flatMap(({ identity, sightings }) => {
      const last = sightings.at(-1);
      const name = byPlace.get(`${last?.run ?? ''}/${last?.node ?? ''}`);
      return name === undefined ? [] : [[identity, name] as const];
    }),
  );
}
