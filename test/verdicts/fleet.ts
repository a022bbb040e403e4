/** Synthetic fleets and readings for the judge's tests: what a campaign would feed it. */
import type { Criterion, Plan, Subject } from '../../plan/model.ts';
import { groupKey } from '../../plan/subject.ts';
import { stream } from '../../plan/random.ts';
import type { Node } from '../../runners/model.ts';
import type { Attempt, Case, Metric, Outcome } from '../../suites/model.ts';
import type { Judge, Judgement, JudgedReading, JudgeSetup, Stopped } from '../../verdicts/model.ts';

const THROUGHPUT: Metric = {
  id: 'matmul.gemm.throughput',
  unit: 'FLOP/s',
  display: { unit: 'TFLOP/s', factor: 1e-12, digits: 1 },
  better: 'higher',
  source: 'test',
};

const BUSBW: Metric = {
  id: 'nccl.all_reduce.busbw',
  unit: 'B/s',
  display: { unit: 'GB/s', factor: 1e-9, digits: 1 },
  better: 'higher',
  source: 'test',
};

export const GEMM: Case = {
  id: 'matmul.gemm.bf16',
  suite: 'matmul',
  parameters: { dtype: 'bf16', shape: '8192', mode: 'sustained' },
  scope: 'node',
  gives: [
    { metric: THROUGHPUT.id, per: 'accelerator' },
    { metric: 'matmul.gemm.correct', per: 'accelerator', as: 'check' },
    { metric: 'matmul.gemm.digest', per: 'accelerator', as: 'digest' },
  ],
  expected: 30,
};

export const PAIR: Case = {
  id: 'nccl.pair',
  suite: 'nccl',
  parameters: { bytes: 1e9, scope: 'pair' },
  scope: 'pair',
  gives: [{ metric: BUSBW.id, per: 'link' }],
  expected: 10,
};

export const LOT: Case = {
  id: 'nccl.lot',
  suite: 'nccl',
  parameters: { bytes: 8e9, scope: 'lot' },
  scope: 'lot',
  gives: [{ metric: BUSBW.id, per: 'lot' }],
  expected: 60,
};

export const SUSTAINED: Criterion = {
  id: 'bf16-sustained',
  metric: THROUGHPUT.id,
  where: { dtype: 'bf16', mode: 'sustained' },
  per: 'accelerator',
  mandatory: true,
  decide: 'level',
  standing: 'contract',
  bound: 'at-least',
  limit: { value: 700e12, source: 'Annex B' },
  nominal: { value: 735e12, source: 'Annex B' },
  fixed: 'before',
};

export const LINKS: Criterion = {
  ...SUSTAINED,
  id: 'links',
  metric: BUSBW.id,
  where: { scope: 'pair' },
  per: 'link',
  limit: { value: 40e9, source: 'Annex C' },
  nominal: { value: 44e9, source: 'Annex C' },
};

export function plan(over: Partial<Plan> = {}): Plan {
  return {
    schema: 'assay/plan/1',
    seed: 7,
    delivery: {
      reference: 'T',
      provider: 'own',
      sku: 'h200-sxm',
      unit: 'node',
      acceleratorsPerNode: 8,
    },
    part: {
      sku: 'h200-sxm',
      title: 'NVIDIA H200 SXM',
      kind: 'gpu',
      models: [['H200']],
      perNode: 8,
      peaks: {},
      machines: [],
    },
    fleet: { runner: 'sim', options: {}, grace: 1800, lease: 600 },
    suites: [],
    criteria: [SUSTAINED],
    decision: {
      consumerRisk: 0.001,
      producerRisk: 0.01,
      inconclusive: 'hold',
      nonconforming: 0,
    },
    budget: {},
    report: { private: [] },
    origins: {},
    warnings: [],
    ...over,
  };
}

export function fleet(n: number, accelerators = 8): Node[] {
  return Array.from({ length: n }, (_, i) => {
    const id = `n${String(i + 1).padStart(4, '0')}`;
    return {
      id,
      identity: [{ kind: 'serial' as const, value: `S${i + 1}` }],
      name: id,
      fabricAddress: id,
      accelerators: Array.from({ length: accelerators }, (_, index) => ({
        id: `GPU-${i + 1}-${index}`,
        kind: 'gpu' as const,
        model: 'NVIDIA H200',
        index,
        memory: 150e9,
        cores: 1,
      })),
      domains: [{ kind: 'rack' as const, id: `r${Math.floor(i / 4)}`, from: 'plan' as const }],
      environment: { driver: '550.54' },
    };
  });
}

export function setup(over: Partial<JudgeSetup> = {}): JudgeSetup {
  return {
    plan: plan(),
    origin: 'simulated',
    nodes: fleet(16),
    missing: [],
    cases: [GEMM],
    metrics: [THROUGHPUT, BUSBW],
    checks: ['matmul.gemm.correct', 'matmul.gemm.digest'],
    ...over,
  };
}

/** What a node gives in a trial; undefined leaves the value out. */
export interface Truth {
  value?(subject: Subject, of: Case, metric: string, noise: () => number): number | undefined;
  ok?(subject: Subject, name: string): boolean;
  digest?(subject: Subject, ordinal: number): string;
  outcome?(of: Case, nodes: readonly string[], ordinal: number): Outcome | undefined;
}

export interface Driven extends Judgement {
  readonly trials: number;
  readonly rounds: number;
  readonly told: readonly string[];
  readonly perNode: ReadonlyMap<string, number>;
}

/** Runs the loop: asks, measures by `truth`, observes in an order drawn from `order`. */
export function drive(
  judge: Judge,
  of: JudgeSetup,
  truth: Truth,
  options: { order?: number; noise?: number; rounds?: number; stopped?: Stopped } = {},
): Driven {
  const byId = new Map(of.nodes.map((node) => [node.id, node]));
  const cases = new Map(of.cases.map((one) => [one.id, one]));
  const ordinals = new Map<string, number>();
  const perNode = new Map<string, number>();
  const told: string[] = [];
  let trials = 0;
  let round = 0;
  for (;;) {
    const { requests, failed } = judge.next();
    told.push(
      ...failed.map((finding) => `${finding.criterion} ${JSON.stringify(finding.subject)}`),
    );
    if (requests.length === 0 || round === options.rounds) break;
    const batch: { attempt: Attempt; readings: JudgedReading[] }[] = [];
    for (const request of requests) {
      const one = cases.get(request.case) as Case;
      for (const nodes of request.groups) {
        const key = `${one.id}@${nodes.length > 2 ? `g${groupKey(nodes)}` : nodes.join('~')}`;
        const ordinal = ordinals.get(key) ?? 0;
        ordinals.set(key, ordinal + 1);
        trials += 1;
        for (const node of nodes) perNode.set(node, (perNode.get(node) ?? 0) + 1);
        const id = `${key}#${ordinal}`;
        const outcome = truth.outcome?.(one, nodes, ordinal) ?? { status: 'measured' as const };
        const attempt: Attempt = {
          id: `${id}/0`,
          trial: { id, case: one.id, nodes, ordinal, round, why: request.why },
          ordinal: 0,
          startedAt: '2026-11-01T00:00:00Z',
          seconds: one.expected,
          exits: [],
          outcome,
        };
        const own = nodes.map((node) => byId.get(node) as Node);
        batch.push({ attempt, readings: readingsOf(one, own, attempt, truth, options.noise ?? 0) });
      }
    }
    const random = stream(options.order ?? 0, 'order', round);
    const keyed = batch.map((one) => ({ one, key: random() })).sort((a, b) => a.key - b.key);
    for (const { one } of keyed) {
      const failing = judge.observe(one.attempt, one.readings);
      told.push(...failing.map((f) => `${f.criterion} ${JSON.stringify(f.subject)}`));
    }
    round += 1;
  }
  return { ...judge.decide(options.stopped), trials, rounds: round, told, perNode };
}

function readingsOf(
  of: Case,
  nodes: readonly Node[],
  attempt: Attempt,
  truth: Truth,
  seed: number,
): JudgedReading[] {
  const at = { step: 0, node: nodes[0]?.id ?? '', stream: 'stdout' as const, line: 1 };
  return of.gives.flatMap((give): JudgedReading[] => {
    const parameters = give.parameters ?? of.parameters;
    return subjects(give.per, nodes, of).flatMap((subject): JudgedReading[] => {
      const noise = gaussian(seed, attempt.id, JSON.stringify(subject), give.metric);
      if (give.as === 'check') {
        const ok = truth.ok?.(subject, give.metric) ?? true;
        return [{ kind: 'check', subject, name: give.metric, parameters, ok, detail: 'x', at }];
      }
      if (give.as === 'digest') {
        const value = truth.digest?.(subject, attempt.trial.ordinal) ?? 'aa';
        return [{ kind: 'digest', subject, name: give.metric, parameters, value, at }];
      }
      const value = truth.value?.(subject, of, give.metric, noise);
      if (value === undefined) return [];
      return [
        {
          kind: 'sample',
          metric: give.metric,
          subject,
          parameters,
          value,
          attempt: attempt.id,
          evidence: { stream: 's', sha256: '', line: 1 },
          origin: 'simulated',
        },
      ];
    });
  });
}

function subjects(per: Subject['kind'], nodes: readonly Node[], of: Case): Subject[] {
  const ids = nodes.map((node) => node.id);
  switch (per) {
    case 'accelerator':
      return nodes.flatMap((node) =>
        node.accelerators.map((one) => ({ kind: per, node: node.id, accelerator: one.id })),
      );
    case 'node':
      return ids.map((node) => ({ kind: per, node }));
    case 'link': {
      const link = {
        kind: per,
        ends: [ids[0] as string, ids[1] as string],
        finest: 'path',
      } as const;
      const { rails } = of.parameters;
      if (typeof rails !== 'number') return [link];
      return Array.from({ length: rails }, (_, rail) => ({ ...link, rail }));
    }
    case 'group':
      return [{ kind: per, nodes: ids }];
    case 'endpoint':
      return [{ kind: per, endpoint: 'e', nodes: ids }];
    case 'lot':
      return [{ kind: per }];
  }
}

/** Standard normal draws (Box–Muller). */
export function gaussian(seed: number, ...names: string[]): () => number {
  const random = stream(seed, ...names);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
