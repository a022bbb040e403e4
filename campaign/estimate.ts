/** The loop, dry: the same judge asks for trials, and each takes as long as its case should. */
import type { Criterion, Expense, Origin, Parameters, Plan, Subject } from '../plan/model.ts';
import { stream } from '../plan/random.ts';
import { matches, parametersKey, subjectKey } from '../plan/subject.ts';
import type { Fleet, Node } from '../runners/model.ts';
import type { Attempt, Case, Metric, Trial } from '../suites/model.ts';
import type { JudgedReading, Repeatability } from '../verdicts/model.ts';
import { Occupancy } from './schedule/occupancy.ts';
import { startOrder, timedCases, TrialNames } from './schedule/trials.ts';
import type { CreateJudge } from './units.ts';

/** Seconds that a trial costs beside its program: claim, start, stop. */
const OVERHEAD = 1;
/** Relative standard deviations where nothing is known: of a measurement, between good parts, of a trial's length. */
const SIGMA = 0.01;
const BETWEEN = 0.005;
const LENGTH_SPREAD = 0.06;
/** Nominal is the 5 % quantile of good parts (STATISTICS.md 2.3): so many standard deviations from their mean. */
const LOW_END = 1.645;
/** Distance of good parts from a limit without a nominal. */
const WITHOUT_NOMINAL = 0.05;
/** Rounds after which a judge that never ends is given up. */
const MOST_ROUNDS = 10_000;

/** What an estimate is made from. */
export interface EstimateSetup {
  readonly plan: Plan;
  readonly origin: Origin;
  /** As inventoried, or as the plan describes them. */
  readonly nodes: readonly Node[];
  readonly missing: Fleet['missing'];
  /** Inventory's case among them. */
  readonly cases: readonly Case[];
  readonly metrics: readonly Metric[];
  readonly checks: readonly string[];
  readonly createJudge: CreateJudge;
  /** Where the parts truly are: good ones, with nominal their low end (expected), or at the limit (as long as it can take). */
  readonly truth: 'nominal' | 'limit';
  /** Of an earlier run; absent: what the suites expect. */
  readonly learned?: Learned;
}

/** What an earlier run on such nodes tells. */
export interface Learned {
  /** Case.id → seconds of its trials: median, and relative standard deviation. */
  readonly lengths: ReadonlyMap<string, { readonly seconds: number; readonly spread: number }>;
  readonly repeatability: readonly Repeatability[];
}

/** What a run should take. */
export interface Estimate extends Expense {
  /** Trials and their seconds by case, in plan order. */
  readonly cases: readonly {
    readonly case: string;
    readonly trials: number;
    readonly seconds: number;
  }[];
}

/** Pure; randomness from the plan's seed. */
export function estimateRun(setup: EstimateSetup): Estimate {
  const { plan, nodes, createJudge } = setup;
  const judge = createJudge(setup);
  const cases = new Map(setup.cases.map((one) => [one.id, one]));
  const timed = timedCases(setup.cases, plan.criteria);
  const occupancy = new Occupancy(nodes, plan.fleet.atOnce);
  const length = lengthsOf(setup);
  const names = new TrialNames();
  const byCase = new Map<string, { trials: number; seconds: number }>();
  const draw = readingsAt(setup);
  const inventory = setup.cases.filter((one) => one.suite === 'inventory');
  let requests: ReturnType<typeof judge.next>['requests'] = inventory.map((one) => ({
    case: one.id,
    groups: nodes.map((node) => [node.id]),
    why: 'planned',
  }));
  let round = 0;
  let trials = 0;
  for (; round < MOST_ROUNDS && (round === 0 || requests.length > 0); round += 1) {
    for (const trial of startOrder(names.name(requests, round), cases)) {
      const one = cases.get(trial.case);
      if (one === undefined) throw new Error(`the judge asked for the unknown case ${trial.case}`);
      const row = byCase.get(one.id) ?? { trials: 0, seconds: 0 };
      const seconds = length(one);
      byCase.set(one.id, { trials: row.trials + 1, seconds: row.seconds + seconds });
      trials += 1;
      occupancy.run(trial.nodes, timed.has(one.id), seconds);
      judge.observe(measured(trial, seconds), draw(one, trial));
    }
    occupancy.endRound();
    ({ requests } = judge.next());
  }
  const nodeHours = (occupancy.wall * nodes.length) / 3600;
  const price = plan.delivery.price?.perNodeHour;
  return {
    trials,
    rounds: round,
    wallTime: occupancy.wall,
    nodeHours,
    ...(price !== undefined && { cost: nodeHours * price }),
    cases: setup.cases.flatMap(({ id }) => {
      const row = byCase.get(id);
      return row === undefined ? [] : [{ case: id, ...row }];
    }),
  };
}

/**
 * How long the next trial of a case takes. The lengths differ, or the slowest of many nodes, which a
 * round waits for, would be as fast as the others.
 */
function lengthsOf({ plan, truth, learned }: EstimateSetup) {
  const random = stream(plan.seed, 'estimate', 'length', truth);
  return ({ id, expected }: Case): number => {
    const known = learned?.lengths.get(id);
    const spread = known?.spread ?? LENGTH_SPREAD;
    return (known?.seconds ?? expected + OVERHEAD) * Math.exp(spread * normal(random));
  };
}

/** Readings of parts that are where `truth` says, with the noise that the plan expects. */
function readingsAt({ plan, nodes, truth, origin, learned }: EstimateSetup) {
  const random = stream(plan.seed, 'estimate', truth);
  const known = new Map(nodes.map((node) => [node.id, node]));
  const { sigma } = plan.decision;
  const seen = new Map(learned?.repeatability.map((one) => [kindKey(one), one]));
  const levels = new Map<Case['gives'][number], Level>();
  /** Of one kind of value: where the parts are, and how far they and their trials stray. */
  const levelOf = (given: Case['gives'][number], parameters: Parameters): Level => {
    const known = levels.get(given);
    if (known !== undefined) return known;
    const { metric } = given;
    const criterion = plan.criteria.find(
      (each) => each.metric === metric && matches(each.where, parameters),
    );
    const stated = sigma === 'none' ? undefined : sigma?.[metric];
    const told = seen.get(kindKey({ metric, parameters }));
    const between = truth === 'limit' ? 0 : (told?.between ?? BETWEEN);
    const level = {
      value: trueValue(criterion, truth, between),
      within: stated ?? told?.sigma ?? SIGMA,
      between,
      parts: new Map<string, number>(),
    };
    levels.set(given, level);
    return level;
  };
  const valueOf = ({ value, within, between, parts }: Level, subject: Subject): number => {
    const key = subjectKey(subject);
    const part = parts.get(key) ?? between * normal(random);
    parts.set(key, part);
    return value * Math.exp(part + within * normal(random));
  };
  return (one: Case, trial: Trial): JudgedReading[] =>
    one.gives.flatMap((given) => {
      const parameters = given.parameters ?? one.parameters;
      const name = given.metric;
      const at = { step: 0, node: trial.nodes[0] ?? '', stream: 'stdout' as const, line: 1 };
      return subjects(given.per, trial, known).map((subject): JudgedReading => {
        const common = { subject, parameters };
        if (given.as === 'check')
          return { kind: 'check', name, ...common, ok: true, detail: '', at };
        if (given.as === 'digest') return { kind: 'digest', name, ...common, value: '0', at };
        return {
          kind: 'sample',
          metric: name,
          ...common,
          value: valueOf(levelOf(given, parameters), subject),
          attempt: `${trial.id}/0`,
          evidence: { stream: '', sha256: '', line: 1 },
          origin,
        };
      });
    });
}

interface Level {
  readonly value: number;
  readonly within: number;
  readonly between: number;
  /** Subject → ln of its deviation from the others. */
  readonly parts: Map<string, number>;
}

/** Middle of the parts. */
function trueValue(
  criterion: Criterion | undefined,
  truth: 'nominal' | 'limit',
  between: number,
): number {
  if (criterion === undefined) return 1;
  const { limit, nominal, bound } = criterion;
  if (truth === 'limit') return limit.value;
  const side = bound === 'at-least' ? 1 : -1;
  const low = nominal?.value ?? limit.value * (1 + side * WITHOUT_NOMINAL);
  return low * Math.exp(side * LOW_END * between);
}

function subjects(
  kind: Subject['kind'],
  { nodes, case: of }: Trial,
  known: ReadonlyMap<string, Node>,
): readonly Subject[] {
  const [first, second] = nodes;
  switch (kind) {
    case 'accelerator':
      return nodes.flatMap((node) =>
        (known.get(node)?.accelerators ?? []).map(({ id: accelerator }) => ({
          kind,
          node,
          accelerator,
        })),
      );
    case 'node':
      return nodes.map((node) => ({ kind, node }));
    case 'link':
      return first === undefined || second === undefined
        ? []
        : [{ kind, ends: [first, second], finest: 'path' }];
    case 'group':
      return [{ kind, nodes }];
    case 'endpoint':
      return [{ kind, endpoint: of, nodes }];
    case 'lot':
      return [{ kind }];
  }
}

function kindKey({ metric, parameters }: Pick<Repeatability, 'metric' | 'parameters'>): string {
  return `${metric} ${parametersKey(parameters)}`;
}

function measured(trial: Trial, seconds: number): Attempt {
  const outcome = { status: 'measured' } as const;
  return { id: `${trial.id}/0`, trial, ordinal: 0, startedAt: '', seconds, exits: [], outcome };
}

/** Box and Muller; `random` is uniform in [0, 1). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
