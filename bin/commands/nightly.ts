import { join, relative } from 'node:path';
import { takeInRuns } from '../../campaign/history/runs.ts';
import { withHistory } from '../../campaign/history/store.ts';
import { busyNodes } from '../../campaign/nightly/busy.ts';
import { deliveryOf } from '../../campaign/history/terms.ts';
import { runNight } from '../../campaign/nightly/night.ts';
import { command } from '../command.ts';
import { composePlan, type Composed } from '../compose.ts';
import { keepInStep } from '../history/in-step.ts';
import { dayOf } from '../history/day.ts';
import { lintOrThrow } from '../linted.ts';
import { capacityOf } from '../nightly/capacity.ts';
import { changes } from '../nightly/changes.ts';
import { measureWith } from '../nightly/measure.ts';
import { nightPlan } from '../nightly/night-plan.ts';
import { tellNight } from '../nightly/tell-night.ts';
import { webhookOf, writeNight } from '../nightly/tell.ts';
import { printable } from '../terminal.ts';

const DAY = 24 * 3600;
/** Nights within which each node and pair class is seen, where the plan does not say. */
const EVERY = 7;
/** Relative loss that fresh runs must prove, where the plan does not say: STATISTICS.md 4.3. */
const MARGIN = 0.01;

export const nightly = command({
  usage: 'nightly <plan>',
  describe: 'Accept within a budget, append to history, look for change points',
  examples: [
    ['nightly lot7.yaml', 'tonight: rotation, detection, fresh runs for what looks worse'],
    ['nightly lot7.yaml --night 2026-12-01', 'count as that night'],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', { type: 'string', demandOption: true, describe: 'Plan file' })
      .option('out', { type: 'string', default: 'runs', describe: 'Folder of the runs' })
      .option('history', { type: 'string', describe: 'Folder of the history; OUT/history' })
      .option('night', { type: 'string', describe: 'Day that it counts as, YYYY-MM-DD; today' }),
  async run(args, io) {
    const loaded = await composePlan({ file: args.plan });
    const composed: Composed = { ...loaded, plan: lintOrThrow(loaded) };
    const night = dayOf(args.night, 'night');
    return withHistory(args.history ?? join(args.out, 'history'), async (history) => {
      const { plan } = composed;
      const delivery = deliveryOf(plan);
      const webhook = webhookOf(history, delivery, plan.nightly, (name) => process.env[name]);
      const dry = nightPlan(composed, { purpose: 'nightly', seed: plan.seed });
      await takeInRuns(history, args.out);
      await keepInStep(history, plan.nightly?.mirror, io);
      const file = await runNight({
        history,
        plan,
        night,
        every: Math.max(1, Math.round((plan.nightly?.every ?? EVERY * DAY) / DAY)),
        margin: plan.nightly?.margin ?? MARGIN,
        changes,
        measure: measureWith(composed, args.out, io),
        busy: busyWith(plan.nightly?.busy),
        capacity: capacityOf(dry),
        pairs: hasPairs(composed),
        metrics: composed.units.suites.flatMap((suite) => suite.metrics),
        now: () => new Date(),
        signal: io.signal,
        progress: (text) => {
          if (!io.json) io.err(printable(`  night: ${text}`));
        },
        tell: (file) => webhook.queue(file),
      });
      if (file === undefined) return 4;
      const path = await writeNight(join(args.out, 'nights'), file);
      io.verdictAt(path);
      if (io.json) io.event({ event: 'night', ...file });
      else {
        tellNight(file, io);
        io.out(`written: ${relative(process.cwd(), path)}`);
      }
      await webhook.send(io);
      const retention = plan.nightly?.retention;
      await history.compact(night, retention === undefined ? undefined : retention / DAY);
      await keepInStep(history, plan.nightly?.mirror, io);
      return file.exit;
    });
  },
});

function busyWith(busy: string | readonly string[] | undefined) {
  const [program, ...rest] = typeof busy === 'string' ? [] : (busy ?? []);
  if (program === undefined) return async () => new Set<string>();
  return (names: readonly string[]) => busyNodes([program, ...rest], names);
}

/** Whether some case is of pairs: asked of two nodes as the plan describes them. */
function hasPairs({ plan }: Composed): boolean {
  return plan.suites.some(
    ({ options }) =>
      'scopes' in options &&
      Array.isArray(options.scopes) &&
      (options.scopes as readonly unknown[]).includes('pair'),
  );
}
