/** What a plan will take and what it buys, before anything starts: the campaign's loop, dry. */
import { estimateRun, type Estimate } from '../campaign/estimate.ts';
import type { Criterion, Expense, Plan } from '../plan/model.ts';
import type { Case } from '../suites/model.ts';
import { ruleFrom } from '../verdicts/decision/choose-rule.ts';
import {
  operatingCharacteristic,
  type CharacteristicRow,
} from '../verdicts/decision/operating-characteristic.ts';
import { createJudge } from './judging.ts';
import { plannedNodes } from '../verdicts/lint/planned-nodes.ts';
import type { Composed } from './compose.ts';
import { planPairs, withSweeps, type ForecastPairs } from './pair-prices.ts';
import { learnedFrom, nodesLike, type LearnedRun } from './learned.ts';

/** Relative repeatability that is assumed where the plan states none; the run measures its own. */
const ASSUMED_SIGMA = 0.01;
/** Degrees of freedom of what is stated or assumed: as good as known. */
const KNOWN = 1e6;

/** What an estimate rests on and gives. */
export interface Forecast {
  readonly nodes: number;
  /** Good parts: nominal is their low end. */
  readonly expected: Estimate;
  /** Parts at their limit: as long as it can take. */
  readonly worst: Estimate;
  /** Decisions over which the producer's risk is split. */
  readonly decisions: number;
  /** Cases of pairs: what naming the guilty costs. */
  readonly pairs: readonly ForecastPairs[];
  readonly criteria: readonly {
    readonly id: string;
    /** Relative, and where it comes from. */
    readonly sigma?: number;
    readonly assumed?: boolean;
    readonly d?: number;
    readonly maxTrials?: number;
    /** How it decides where it is not the mixture tests. */
    readonly rule?: string;
    readonly characteristic: readonly CharacteristicRow[];
  }[];
}

/**
 * @param like an earlier run on this fleet: its nodes (which share a machine?) and its durations
 * @throws {HarnessError} RUN_UNREADABLE
 */
export async function forecast(composed: Composed, like?: string): Promise<Forecast> {
  const { plan } = composed;
  const learned = like === undefined ? undefined : await learnedFrom(like);
  const setup = estimateSetup(composed, learned);
  const { decisions } = createJudge(setup).decide().verdict.errorRates;
  const nodes = setup.nodes.length;
  const pairs = planPairs(plan, setup.cases, nodes, ASSUMED_SIGMA);
  const whole = (truth: 'nominal' | 'limit') =>
    withSweeps(
      estimateRun({ ...unswept(setup), truth }),
      pairs,
      nodes,
      plan.delivery.price?.perNodeHour,
    );
  return {
    nodes,
    expected: whole('nominal'),
    worst: whole('limit'),
    decisions,
    pairs,
    criteria: plan.criteria
      .filter((criterion) => criterion.decide === 'level')
      .map((criterion) => bought(criterion, plan, decisions)),
  };
}

/** More nodes than this are not estimated before a run: it would take as long as a look at them. */
const MOST_BEFORE_RUN = 512;

/** What a run of this plan should take, for its plan.json; undefined for a very large fleet. */
export function expense(composed: Composed): Expense | undefined {
  const setup = estimateSetup(composed, undefined);
  if (setup.nodes.length > MOST_BEFORE_RUN) return undefined;
  const pairs = planPairs(composed.plan, setup.cases, setup.nodes.length, ASSUMED_SIGMA);
  const { cases: _byCase, ...all } = withSweeps(
    estimateRun({ ...unswept(setup), truth: 'nominal' }),
    pairs,
    setup.nodes.length,
    composed.plan.delivery.price?.perNodeHour,
  );
  return all;
}

function unswept<T extends { readonly cases: readonly Case[] }>(setup: T): T {
  return { ...setup, cases: setup.cases.map(({ fullSweep: _bought, ...one }) => one) };
}

function estimateSetup({ plan, units }: Composed, learned: LearnedRun | undefined) {
  const count = plan.delivery.count ?? learned?.size;
  const delivery = { ...plan.delivery, ...(count !== undefined && { count }) };
  const planned = plannedNodes({ ...plan, delivery }, Number.POSITIVE_INFINITY);
  const nodes = learned === undefined ? planned : nodesLike(planned, learned.nodes);
  return {
    plan,
    origin: 'simulated' as const,
    nodes,
    missing: [],
    cases: [
      ...units.inventory.cases(nodes),
      ...units.suites.flatMap((suite) => suite.cases(nodes)),
    ],
    metrics: units.suites.flatMap((suite) => suite.metrics),
    checks: units.suites.flatMap((suite) => suite.checks),
    createJudge,
    ...(learned && { learned }),
  };
}

function bought(criterion: Criterion, plan: Plan, decisions: number): Forecast['criteria'][number] {
  const { id, metric } = criterion;
  const { decision } = plan;
  if (decision.sigma === 'none') {
    const trials = decision.maxTrials ?? 0;
    return { id, rule: `sign rule over ${trials} trials`, characteristic: [] };
  }
  const stated = decision.sigma?.[metric];
  const sigma = stated ?? ASSUMED_SIGMA;
  const spread = {
    sigma,
    classical: sigma,
    between: undefined,
    skewness: undefined,
    degrees: KNOWN,
  };
  const rule = ruleFrom(criterion, { decision, decisions }, spread);
  if (rule.kind !== 'mixture') {
    return { id, sigma, rule: 'why' in rule ? rule.why : rule.kind, characteristic: [] };
  }
  return {
    id,
    sigma,
    assumed: stated === undefined,
    d: rule.d,
    maxTrials: rule.maxTrials,
    characteristic: operatingCharacteristic(rule, plan.seed),
  };
}
