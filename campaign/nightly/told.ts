/** What a night tells and its event keeps; what is drawn beside it follows from the history. */
import type { Plan } from '../../plan/model.ts';
import type { Begun } from '../../verdicts/changes/model.ts';
import { declaredChanges } from '../history/events.ts';
import type { History } from '../history/store.ts';
import { deliveryOf } from '../history/terms.ts';
import type { Chosen } from './choose.ts';
import type { Resolved } from './fresh.ts';
import type { NightFile, OpenAlarm } from './model.ts';
import { missedBefore, overdueIn } from './overdue.ts';
import { declaredOf } from './panels.ts';

/** night.json without what is drawn: the events would grow with the nights if each kept all those before it. */
export type Told = Omit<NightFile, 'trends' | 'metrics'>;

/** @param found what the night came to; `started` in ms since 1970 */
export async function nightTold(
  setup: {
    readonly history: History;
    readonly plan: Plan;
    readonly night: string;
    readonly every: number;
    readonly pairs: boolean;
    readonly now: () => Date;
  },
  found: {
    readonly run: string;
    readonly freshRuns: readonly string[];
    readonly chosen: Chosen;
    readonly started: number;
    readonly before: readonly OpenAlarm[];
    readonly opened: readonly OpenAlarm[];
    readonly closedIds: ReadonlySet<string>;
    readonly resolved: readonly Resolved[];
    readonly begun: readonly Begun[];
  },
): Promise<Told> {
  const { history, night, every, plan, now } = setup;
  const { run, freshRuns, chosen, before, opened, closedIds, resolved, begun } = found;
  const delivery = deliveryOf(plan);
  const open = [...before.filter(({ id }) => !closedIds.has(id)), ...opened];
  const overdue = await overdueIn(history, delivery, setup);
  const [row] = await history.database.all('SELECT origin FROM runs WHERE run = $run', { run });
  const [tested] = await history.database.all(
    'SELECT count(DISTINCT serial) AS n FROM points WHERE run = $run',
    { run },
  );
  const seconds = (now().getTime() - found.started) / 1000;
  const nodes = Number(tested?.['n'] ?? 0);
  const declared = await declaredChanges(history, delivery);
  const incomplete = overdue.nodes.length > 0 || overdue.classes.length > 0;
  return {
    schema: 'assay/night/1',
    night,
    delivery,
    origin: String(row?.['origin'] ?? 'simulated') as NightFile['origin'],
    sku: plan.delivery.sku,
    run,
    freshRuns,
    nodes: {
      fleet: chosen.fleet,
      tested: nodes,
      busy: chosen.busy,
      missing: Math.max(0, chosen.fleet - chosen.busy - nodes),
    },
    rotation: { every, overdueNodes: overdue.nodes, overdueClasses: overdue.classes },
    missed: await missedBefore(history, delivery, night),
    opened,
    closed: before
      .filter(({ id }) => closedIds.has(id))
      .map((alarm) => ({ alarm, by: 'confirmation' })),
    open,
    undecided: resolved
      .filter(({ confirmation }) => confirmation.word === 'undecided')
      .map(({ alarm }) => alarm.id),
    cleared: resolved.filter(
      ({ confirmation, standing }) => confirmation.word === 'recovered' && !standing,
    ).length,
    declared: declared.map(declaredOf),
    ...(begun.length > 0 && { begun }),
    used: { seconds, nodeHours: (nodes * seconds) / 3600 },
    exit: open.length > 0 ? 1 : incomplete ? 3 : 0,
  };
}
