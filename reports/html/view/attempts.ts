/** Attempts: counts by case with the time expected and taken; each one that did not measure. */
import type { Expense } from '../../../plan/model.ts';
import { showCount, showSeconds, NONE } from '../../figure.ts';
import { nodeRanges } from '../../words.ts';
import type { Context } from '../context.ts';

/** Attempts listed one by one; more are counted, and all stand in the journal and verdict.json. */
const LISTED = 1000;

/** Every attempt that gave no measurement, and how many did. */
export function attemptsView(context: Context) {
  const { survey } = context;
  const { measured, failed, cut } = survey.attempts;
  return {
    measured: showCount(measured),
    failed: showCount(failed),
    cut: showCount(cut),
    nodeTime:
      survey.nodeSeconds < 3600
        ? `${(survey.nodeSeconds / 60).toFixed(1)} node-minutes`
        : `${(survey.nodeSeconds / 3600).toFixed(1)} node-hours`,
    expense: expenseRows(context),
    cases: survey.cases.map((tally) => {
      const sorted = tally.seconds.sorted();
      const median = sorted[Math.floor(sorted.length / 2)];
      return {
        id: tally.id,
        suite: tally.suite === '' ? NONE : tally.suite,
        measured: showCount(tally.measured),
        failed: showCount(tally.failed),
        cut: showCount(tally.cut),
        expected: tally.expected > 0 ? showSeconds(tally.expected) : NONE,
        actual: median === undefined ? NONE : showSeconds(median),
      };
    }),
    lost: survey.lost.slice(0, LISTED).map(({ attempt, outcome }) => ({
      id: attempt.id,
      nodes: nodeRanges(attempt.trial.nodes),
      at: attempt.startedAt,
      seconds: showSeconds(attempt.seconds),
      owner: outcome?.owner ?? 'cut off by our own end',
      code: outcome?.code ?? NONE,
      message: outcome?.message ?? 'no outcome was recorded',
      streams: (survey.streams.get(attempt.id) ?? []).map(({ key, sha256, lines }) => ({
        key,
        sha256,
        lines: showCount(lines),
      })),
    })),
    more: survey.lost.length > LISTED ? showCount(survey.lost.length - LISTED) : '',
  };
}

/** The whole run: estimate beside actual. */
function expenseRows({ run, survey }: Context) {
  const { estimate } = run.plan;
  const { used } = survey;
  if (estimate === undefined && used === undefined) return [];
  const row = (what: string, show: (one: Expense) => string) => ({
    what,
    estimate: estimate === undefined ? NONE : show(estimate),
    actual: used === undefined ? NONE : show(used),
  });
  // No cost: over the node-hours it would tell the price, which is private.json's.
  return [
    row('trials', ({ trials }) => showCount(trials)),
    row('rounds', ({ rounds }) => showCount(rounds)),
    row('wall time', ({ wallTime }) => showSeconds(wallTime)),
    row('node-hours held', ({ nodeHours }) => nodeHours.toFixed(nodeHours < 10 ? 2 : 1)),
  ];
}

/** Telemetry of the worst and the median node, side by side over all their attempts. */
export function telemetryView(context: Context) {
  const { worst, median, rows } = context.survey.telemetry;
  const fields = new Map<string, Map<string, Range>>();
  for (const row of rows) {
    const byNode = fields.get(row.field) ?? new Map<string, Range>();
    fields.set(row.field, byNode);
    byNode.set(row.node, widened(byNode.get(row.node), row));
  }
  const cell = (range: Range | undefined) =>
    range === undefined
      ? [NONE, NONE, NONE]
      : [range.min, middle(range.medians), range.max].map((one) => shown(one));
  return {
    worst: worst ?? '',
    median: median ?? '',
    worstAnchor: worst === undefined ? '' : context.anchor('node', worst),
    rows: [...fields]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([field, byNode]) => ({
        field,
        worst: cell(worst === undefined ? undefined : byNode.get(worst)),
        median: cell(median === undefined ? undefined : byNode.get(median)),
      })),
  };
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly medians: readonly number[];
}

function widened(
  before: Range | undefined,
  row: { min: number; max: number; median: number },
): Range {
  return {
    min: Math.min(before?.min ?? Infinity, row.min),
    max: Math.max(before?.max ?? -Infinity, row.max),
    medians: [...(before?.medians ?? []), row.median],
  };
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}

function shown(value: number): string {
  const short = Number(value.toPrecision(5));
  return Number.isFinite(value)
    ? Number.isInteger(short)
      ? showCount(short)
      : String(short)
    : NONE;
}
