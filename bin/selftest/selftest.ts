/** Breaks every criterion and every fail-closed rule on purpose: the verdict must change each time. */
import { rm } from 'node:fs/promises';
import { openRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import { count } from '../../verdicts/show.ts';
import { criterionRules } from './criterion-rules.ts';
import { diskRules } from './disk-rules.ts';
import { inLanes } from './lanes.ts';
import { lotRules } from './lot-rules.ts';
import type { Ended, Healthy, Idle, Row, Rule } from './model.ts';
import { nodeRules } from './node-rules.ts';
import { endedAs, owed, refusal } from './outcome.ts';
import { outputRules } from './output-rules.ts';
import { runBroken, verifyBroken, type Bench } from './run.ts';

/** What a selftest found. */
export interface Selftest {
  /** Simulated nodes that it ran on. */
  readonly nodes: number;
  /** How the fleet ended with nothing broken. */
  readonly before: Ended;
  /** Empty when the healthy fleet was not accepted: nothing can be proved then. */
  readonly rows: readonly Row[];
  /** Rules that this plan gives nothing to break for, and why. */
  readonly idle: readonly Idle[];
  /** Accepted when healthy, and every row changed as it must. */
  readonly ok: boolean;
}

/**
 * Runs the whole selftest.
 *
 * @param row told of each row as it is known
 */
export async function runSelftest(
  bench: Bench,
  row: (row: Row, done: number, of: number) => void,
): Promise<Selftest> {
  const result = await runBroken(bench, 'healthy', {});
  const before = endedAs(result);
  if (before.verdict !== 'accept' || result.judgement === undefined) {
    return { nodes: 0, before, rows: [], idle: [], ok: false };
  }
  const healthy = await healthyFleet(result.path, result.attempts);
  const all: readonly (Rule | Idle)[] = [
    ...criterionRules(healthy),
    ...nodeRules(healthy),
    ...outputRules(healthy),
    ...lotRules(healthy),
    ...diskRules(healthy),
  ];
  const rules = all.filter((one) => 'break' in one);
  const rows = await inLanes(
    rules.map((rule, at) => () => proved(bench, rule, before, result.path, `broken-${at}`)),
    bench.signal,
    (own, done) => row(own, done, rules.length),
  );
  return {
    nodes: healthy.nodes.length,
    before,
    rows,
    idle: all.filter((one): one is Idle => !('break' in one)),
    ok: rows.length === rules.length && rows.every((one) => one.changed),
  };
}

async function proved(
  bench: Bench,
  rule: Rule,
  before: Ended,
  run: string,
  id: string,
): Promise<Row> {
  const { disk } = rule.break;
  const about = { rule: rule.id, broken: rule.broken };
  if (disk !== undefined) {
    const after = refusal(await verifyBroken(bench, run, id, disk), rule.must);
    const verified: Ended = { verdict: 'verified', reason: 'every hash holds' };
    await rm(`${bench.folder}/${id}`, { recursive: true });
    return { ...about, before: verified, after, ...owed(rule.must, after) };
  }
  try {
    const result = await runBroken(bench, id, rule.break);
    await rm(result.path, { recursive: true });
    const after = endedAs(result, rule.must);
    return { ...about, before, after, ...owed(rule.must, after, result.judgement) };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const after: Ended = { verdict: 'not-sealed', reason: `${error.code}: ${error.message}` };
    return { ...about, before, after, ...owed(rule.must, after) };
  }
}

async function healthyFleet(path: string, attempts: readonly string[]): Promise<Healthy> {
  const run = await openRun(path);
  const { plan, fleet, verdict } = run;
  await run.close();
  if (verdict === undefined) throw new Error('a sealed run without a verdict');
  const nodes = fleet.nodes.map((node) => node.id);
  const [other = '', victim = other] = nodes;
  if (victim === other) throw new Error(`a selftest needs several nodes, not ${count(1, 'node')}`);
  const accelerators = fleet.nodes.find((node) => node.id === victim)?.accelerators ?? [];
  return {
    plan,
    cases: fleet.cases,
    verdict,
    victim,
    other,
    nodes,
    accelerator: accelerators[1]?.index ?? accelerators[0]?.index ?? 0,
    attempts: attempts.length,
    trials: (id) =>
      attempts.filter((one) => one.startsWith(`${id}@`) && one.includes(victim)).length,
  };
}
