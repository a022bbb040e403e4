/** Fresh runs of the same night: what was raised is told only when they confirm it. */
import type { Alarm, Confirmation, FreshRun } from '../../verdicts/changes/model.ts';
import { keyOf, valuesOf, type PanelKey } from '../history/panel-rows.ts';
import type { History } from '../history/store.ts';
import type { Changes } from './model.ts';
import { serialsOf } from './panels.ts';

/** Fresh runs of one night, at most: past them an alarm is left undecided until the next. */
const MOST = 12;

/** An alarm with the panel that raised it, and what fresh runs have said so far. */
export interface Doubt {
  readonly key: PanelKey;
  readonly alarm: Alarm;
  readonly standing: boolean;
}

/** An alarm after its fresh runs. */
export interface Resolved extends Doubt {
  readonly confirmation: Confirmation;
  readonly values: readonly FreshRun[];
  /** Runs that measured its subjects. */
  readonly runs: readonly string[];
}

/**
 * Measures the doubtful subjects again until each alarm has its word.
 *
 * @param measure runs the machines once more, and records it; undefined: nothing more can be run tonight
 */
export async function resolve<S>(
  setup: {
    readonly history: History;
    readonly changes: Changes<S>;
    readonly delivery: string;
    readonly measure: (
      serials: ReadonlySet<string>,
      suites: ReadonlySet<string>,
    ) => Promise<string | undefined>;
  },
  doubts: readonly Doubt[],
): Promise<{ readonly resolved: readonly Resolved[]; readonly runs: readonly string[] }> {
  const { history, changes, delivery } = setup;
  const values = new Map<Doubt, FreshRun[]>(doubts.map((one) => [one, []]));
  const measuredBy = new Map<Doubt, string[]>(doubts.map((one) => [one, []]));
  const runs: string[] = [];
  let open = doubts.map((doubt) => ({ doubt, next: firstRound(doubt.alarm) }));
  while (open.length > 0 && runs.length < MOST) {
    const serials = new Set(open.flatMap(({ next }) => onePerMachine(next).flatMap(serialsOf)));
    const suites = new Set(open.map(({ doubt }) => suiteOf(doubt.key)));
    const run = await setup.measure(serials, suites);
    if (run === undefined) break;
    runs.push(run);
    const panels = await valuesOf(history, delivery, { run });
    open = open.flatMap(({ doubt, next }) => {
      const found = new Map(
        panels.get(keyOf(doubt.key))?.map(({ subject, value }) => [subject, value]),
      );
      const now = onePerMachine(next);
      const got = now.flatMap((subject): FreshRun[] => {
        const value = found.get(subject);
        return value === undefined ? [] : [{ subject, value }];
      });
      values.get(doubt)?.push(...got);
      measuredBy.get(doubt)?.push(run);
      // What can't be measured tonight is no evidence either way.
      if (got.length === 0) return [];
      const rest = without(next, now);
      if (rest.length > 0) return [{ doubt, next: rest }];
      const { word, next: more } = changes.fresh(doubt.alarm, values.get(doubt) ?? []);
      return word === 'more' ? [{ doubt, next: more }] : [];
    });
  }
  const resolved = doubts.map((doubt): Resolved => {
    const own = values.get(doubt) ?? [];
    const said = changes.fresh(doubt.alarm, own);
    const confirmation = said.word === 'more' ? { ...said, word: 'undecided' as const } : said;
    return { ...doubt, confirmation, values: own, runs: measuredBy.get(doubt) ?? [] };
  });
  return { resolved, runs };
}

/** Parts of one machine share a run's process: it gives one of them its value, the others wait for the next. */
function onePerMachine(subjects: readonly string[]): readonly string[] {
  const machines = new Map<string, string>();
  for (const subject of subjects) {
    const machine = serialsOf(subject).join('~');
    if (!machines.has(machine)) machines.set(machine, subject);
  }
  return [...machines.values()];
}

/** `alarm.runs` runs, the subjects in turn. */
function firstRound({ retest, runs }: Alarm): readonly string[] {
  if (retest.length === 0) return [];
  return Array.from({ length: runs }, (_, at) => retest[at % retest.length]?.subject ?? '');
}

/** A list less one of each that was taken. */
function without(all: readonly string[], taken: readonly string[]): readonly string[] {
  const left = new Set(taken);
  return all.filter((one) => !left.delete(one));
}

/** The first word of a metric is its suite. */
function suiteOf({ metric }: PanelKey): string {
  return metric.slice(0, metric.indexOf('.'));
}
