/** The loop, dry: the same judge asks for trials, and each takes as long as its case should. */
import type { Criterion, Origin, Plan, Subject } from '../plan/model.ts';
import { stream } from '../plan/random.ts';
import { matches } from '../plan/subject.ts';
import type { Fleet, Node } from '../runners/model.ts';
import type { Attempt, Case, Metric, Trial } from '../suites/model.ts';
import type { JudgedReading } from '../verdicts/model.ts';
import { startOrder, timedCases, TrialNames } from './schedule/trials.ts';
import type { CreateJudge } from './units.ts';

/** Seconds that a trial costs beside its program: claim, start, stop. */
const OVERHEAD = 1;
/** Relative standard deviation of a measurement where the plan says nothing. */
const SIGMA = 0.01;
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
  /** Where the parts truly are: at their nominal (expected), or at the limit (as long as it can take). */
  readonly truth: 'nominal' | 'limit';
}

/** What a run should take. */
export interface Estimate {
  readonly trials: number;
  readonly rounds: number;
  /** Seconds. */
  readonly wallTime: number;
  /** Of nodes held, which is what is billed. */
  readonly nodeHours: number;
  /** In the delivery's currency; absent: no price is known. */
  readonly cost?: number;
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
  const schedule = new DrySchedule(setup, cases);
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
      byCase.set(one.id, { trials: row.trials + 1, seconds: row.seconds + one.expected });
      trials += 1;
      schedule.run(trial, one);
      judge.observe(measured(trial, one), draw(one, trial));
    }
    schedule.endRound();
    ({ requests } = judge.next());
  }
  const nodeHours = (schedule.wall * nodes.length) / 3600;
  const price = plan.delivery.price?.perNodeHour;
  return {
    trials,
    rounds: round,
    wallTime: schedule.wall,
    nodeHours,
    ...(price !== undefined && { cost: nodeHours * price }),
    cases: setup.cases.flatMap(({ id }) => {
      const row = byCase.get(id);
      return row === undefined ? [] : [{ case: id, ...row }];
    }),
  };
}

/** When each node is free again; a round ends with its last trial. */
class DrySchedule {
  wall = 0;
  readonly #free = new Map<string, number>();
  readonly #machines: ReadonlyMap<string, string>;
  readonly #timed: ReadonlySet<string>;
  readonly #atOnce: number;
  #end = 0;
  #work = 0;

  constructor({ plan, nodes }: EstimateSetup, cases: ReadonlyMap<string, Case>) {
    this.#machines = new Map(
      nodes.flatMap(({ id, machine }) => (machine === undefined ? [] : [[id, machine] as const])),
    );
    this.#timed = timedCases([...cases.values()], plan.criteria);
    this.#atOnce = plan.fleet.atOnce ?? Number.POSITIVE_INFINITY;
  }

  run(trial: Trial, one: Case): void {
    const machines = this.#timed.has(one.id)
      ? trial.nodes.flatMap((id) => this.#machines.get(id) ?? [])
      : [];
    const claimed = [...trial.nodes, ...new Set(machines)];
    const start = Math.max(this.wall, ...claimed.map((key) => this.#free.get(key) ?? 0));
    const seconds = one.expected + OVERHEAD;
    for (const key of claimed) this.#free.set(key, start + seconds);
    this.#end = Math.max(this.#end, start + seconds);
    this.#work += seconds;
  }

  endRound(): void {
    // With fewer places than nodes the places are the bottleneck.
    this.wall = Math.max(this.#end, this.wall + this.#work / this.#atOnce);
    this.#work = 0;
  }
}

/** Readings of parts that are where `truth` says, with the noise that the plan expects. */
function readingsAt({ plan, nodes, truth, origin }: EstimateSetup) {
  const random = stream(plan.seed, 'estimate', truth);
  const known = new Map(nodes.map((node) => [node.id, node]));
  const { sigma } = plan.decision;
  return (one: Case, trial: Trial): JudgedReading[] =>
    one.gives.flatMap((given) => {
      const parameters = given.parameters ?? one.parameters;
      const criterion = plan.criteria.find(
        ({ metric, where }) => metric === given.metric && matches(where, parameters),
      );
      return subjects(given.per, trial, known).map((subject): JudgedReading => {
        const at = {
          step: 0,
          node: trial.nodes[0] ?? '',
          stream: 'stdout' as const,
          line: 1,
        };
        const common = { subject, parameters };
        const name = given.metric;
        if (given.as === 'check')
          return { kind: 'check', name, ...common, ok: true, detail: '', at };
        if (given.as === 'digest') return { kind: 'digest', name, ...common, value: '0', at };
        const spread = (sigma === 'none' ? undefined : sigma?.[name]) ?? SIGMA;
        return {
          kind: 'sample',
          metric: name,
          ...common,
          value: trueValue(criterion, truth) * Math.exp(spread * normal(random)),
          attempt: `${trial.id}/0`,
          evidence: { stream: '', sha256: '', line: 1 },
          origin,
        };
      });
    });
}

function trueValue(criterion: Criterion | undefined, truth: 'nominal' | 'limit'): number {
  if (criterion === undefined) return 1;
  const { limit, nominal, bound } = criterion;
  if (truth === 'limit') return limit.value;
  return nominal?.value ?? limit.value * (bound === 'at-least' ? 1.05 : 0.95);
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

function measured(trial: Trial, { expected: seconds }: Case): Attempt {
  const outcome = { status: 'measured' } as const;
  return { id: `${trial.id}/0`, trial, ordinal: 0, startedAt: '', seconds, exits: [], outcome };
}

/** Box and Muller; `random` is uniform in [0, 1). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
