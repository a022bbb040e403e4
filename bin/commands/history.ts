import { join } from 'node:path';
import { ASKED, ask, readOnly } from '../../campaign/history/query.ts';
import { takeInRuns } from '../../campaign/history/runs.ts';
import { withHistory } from '../../campaign/history/store.ts';
import { HarnessError } from '../../plan/errors.ts';
import { command } from '../command.ts';
import { dayOf } from '../history/day.ts';
import { CHANGED, declare, deliveryNamed } from '../history/declare.ts';
import { keepInStep } from '../history/in-step.ts';
import { FORMATS, tellRows } from '../history/tell-rows.ts';

const ASKED_TABLES = Object.keys(ASKED) as (keyof typeof ASKED)[];
const WORDS = [
  'ledger',
  ...ASKED_TABLES,
  'alarms',
  'availability',
  'declare',
  'close',
  'mirror',
] as const;

export const history = command({
  usage: 'history [what] [alarm]',
  describe:
    "A delivery over its runs: a line a serial, the delivery's verdict; and what it measured",
  examples: [
    [
      'history --delivery "MSA-2025-114 / tranche 7"',
      'each serial’s latest complete evidence, replacements, what came back',
    ],
    ['history --delivery MSA-2025-114 --on 2027-01-15', 'its dates held against that day'],
    ['history points --serial ABC123 --metric matmul.', 'what a machine measured, night by night'],
    ['history declare --driver 570→580 --from 2026-12-01', 'a change that is told beforehand'],
    ['history --sql "SELECT night, count(*) FROM points GROUP BY night"', 'read-only SQL'],
  ],
  options: (yargs) =>
    yargs
      .positional('what', { choices: WORDS, default: 'ledger' as const })
      .positional('alarm', { type: 'string', describe: 'close: the alarm, as `alarms` names it' })
      .option('delivery', { type: 'string', describe: 'Reference of the delivery' })
      .option('out', { type: 'string', default: 'runs', describe: 'Folder of the runs' })
      .option('history', { type: 'string', describe: 'Folder of the history; OUT/history' })
      .option('on', {
        type: 'string',
        describe: 'Day that milestone and deemed acceptance are held against, YYYY-MM-DD; today',
      })
      .option('node', { type: 'string', describe: 'Node id' })
      .option('serial', { type: 'string', describe: 'Serial of a machine' })
      .option('metric', { type: 'string', describe: 'Metric, or its beginning' })
      .option('since', { type: 'string', describe: 'First day, YYYY-MM-DD' })
      .option('until', { type: 'string', describe: 'Last day, YYYY-MM-DD' })
      .option('limit', { type: 'number', default: 10_000, describe: 'Rows, at most' })
      .option('format', { choices: FORMATS, default: 'table' as const })
      .option('sql', {
        type: 'string',
        describe: 'One SELECT over runs, nodes, points, samples, events',
      })
      .option('from', { type: 'string', describe: 'declare: first day with the change; today' })
      .option('serials', { type: 'string', describe: 'declare: on these alone, with commas' })
      .option('renews', {
        type: 'boolean',
        describe: 'declare: both sides agreed that the level after it is the accepted one',
      })
      .option('accept', {
        type: 'boolean',
        default: false,
        describe: 'close: the level as it is now is accepted from here on',
      })
      .option('mirror', { type: 'string', describe: 's3://bucket/prefix to keep in step with' })
      .option('note', { type: 'string', describe: 'declare, close: why' })
      .options(
        Object.fromEntries(
          CHANGED.map((what) => [what, { type: 'string' as const, describe: `declare: ${what}` }]),
        ) as Record<(typeof CHANGED)[number], { type: 'string'; describe: string }>,
      ),
  // What only some of its words need is loaded by them: a query for one machine is answered within a second.
  async run(args, io) {
    const { what, sql, delivery, format, out } = args;
    return withHistory(args.history ?? join(out, 'history'), async (history) => {
      if (what !== 'ledger' && args.history === undefined) await takeInRuns(history, out);
      await keepInStep(history, args.mirror, io);
      if (what === 'mirror') return mirrored(args.mirror);
      if (sql !== undefined) {
        tellRows(await readOnly(history, sql), format, io);
        return 0;
      }
      if (what === 'declare') {
        const code = await declare(history, { ...args, from: dayOf(args.from, 'from') }, io);
        await keepInStep(history, args.mirror, io);
        return code;
      }
      const since = args.since === undefined ? undefined : dayOf(args.since, 'since');
      const until = args.until === undefined ? undefined : dayOf(args.until, 'until');
      if (what === 'alarms' || what === 'availability' || what === 'close') {
        const named = await deliveryNamed(history, delivery);
        if (what === 'alarms') {
          const { tellAlarms } = await import('../history/close.ts');
          return tellAlarms(history, named, format, io);
        }
        if (what === 'availability') {
          const { tellAvailability } = await import('../history/availability.ts');
          const span = { since, until: until ?? dayOf(undefined, 'until') };
          return tellAvailability(history, named, span, format, io);
        }
        const { close } = await import('../history/close.ts');
        const { alarm, note, accept } = args;
        const code = await close(history, { delivery: named, alarm, note, accept }, io);
        await keepInStep(history, args.mirror, io);
        return code;
      }
      if (what !== 'ledger') {
        const { node, serial, metric, limit } = args;
        if (delivery !== undefined) await deliveryNamed(history, delivery);
        const filter = { delivery, node, serial, metric, since, until, limit: limit + 1 };
        const { columns, rows } = await ask(history, what, filter);
        tellRows({ columns, rows: rows.slice(0, limit) }, format, io);
        if (rows.length > limit) io.err(`  warning: there are more than these ${limit}: --limit`);
        return 0;
      }
      if (delivery === undefined) {
        throw new HarnessError('USAGE', 'no delivery is named', {
          hint: 'Name it with --delivery REFERENCE, or ask for points, runs, nodes; --help.',
        });
      }
      const { ledger } = await import('../history/ledger.ts');
      return ledger(history, { out, delivery, on: dayOf(args.on, 'on') }, io);
    });
  },
});

function mirrored(mirror: string | undefined): number {
  if (mirror !== undefined) return 0;
  throw new HarnessError('USAGE', 'no bucket is named', { hint: '--mirror s3://bucket/prefix' });
}
