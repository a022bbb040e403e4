/** Runs made in memory, synthetic throughout: what the reports are tried on. */
import type {
  Group,
  RunReader,
  StreamEntry,
  TelemetryRow,
} from '../../campaign/directory/model.ts';
import { cellsOf, type Table } from '../../campaign/directory/parquet.ts';
import { findingTable, sampleTable, telemetryTable } from '../../campaign/directory/tables.ts';
import type { Criterion, Origin, Plan, Subject } from '../../plan/model.ts';
import { stream } from '../../plan/random.ts';
import type { Accelerator, Node } from '../../runners/model.ts';
import type { Attempt, Metric, Sample } from '../../suites/model.ts';
import type { Finding, LotWord, Verdict, Word } from '../../verdicts/model.ts';

export interface SampleSpec {
  readonly nodes: number;
  readonly accelerators?: number;
  readonly origin?: Origin;
  /** Node index → what is wrong with its accelerator 3 (or its only one). */
  readonly bad?: Readonly<Record<number, 'slow' | 'wrong' | 'doubtful' | 'unreachable'>>;
  /** Every text that a node, plan or provider could have given. */
  readonly text?: (plain: string) => string;
  /** Kinds of criteria beside the two basic ones; each adds a number an accelerator. */
  readonly more?: number;
  /** Trials that stand behind a number. */
  readonly trials?: number;
}

const GPU_METRIC: Metric = {
  id: 'matmul.gemm.throughput',
  unit: 'FLOP/s',
  display: { unit: 'TFLOP/s', factor: 1e-12, digits: 1 },
  better: 'higher',
  source: '2·m·n·k / time of one product, CUDA events',
};
const MEMORY: Metric = {
  id: 'matmul.memory.bandwidth',
  unit: 'B/s',
  display: { unit: 'GB/s', factor: 1e-9, digits: 0 },
  better: 'higher',
  source: '2 × bytes / time of a copy',
};
const BUSBW: Metric = {
  id: 'nccl.all_reduce.busbw',
  unit: 'B/s',
  display: { unit: 'GB/s', factor: 1e-9, digits: 1 },
  better: 'higher',
  source: 'nccl-tests: algbw × 2(n−1)/n',
};
const DECODE: Metric = {
  id: 'inference.decode.throughput',
  unit: 'tok/s',
  display: { unit: 'tok/s', factor: 1, digits: 0 },
  better: 'higher',
  source: 'tokens made / time, greedy decode',
};

function baseCriteria(text: (plain: string) => string, more: number): Criterion[] {
  const shared = {
    mandatory: true,
    standing: 'contract',
    bound: 'at-least',
    fixed: 'before',
  } as const;
  const list: Criterion[] = [
    {
      ...shared,
      id: text('bf16-sustained'),
      clause: text('Annex B 3.2'),
      metric: GPU_METRIC.id,
      where: { dtype: 'bf16', shape: '8192', mode: 'sustained' },
      per: 'accelerator',
      decide: 'level',
      limit: { value: 700e12, source: text('contract, Annex B') },
      nominal: { value: 735e12, source: text('measured on 64 nodes of tranche 6') },
    },
    {
      ...shared,
      id: text('products-correct'),
      clause: text('Annex B 1'),
      metric: 'matmul.gemm.correct',
      where: { dtype: 'bf16', shape: '8192' },
      per: 'accelerator',
      decide: 'exact',
      limit: { value: 0, source: text("Freivalds' test in fp64") },
    },
    {
      ...shared,
      id: text('all-reduce-node'),
      clause: text('Annex B 4.1'),
      metric: BUSBW.id,
      where: { bytes: 8589934592, dtype: 'bf16', scope: 'node' },
      per: 'node',
      decide: 'level',
      standing: 'catalogue',
      limit: { value: 440e9, source: text('catalogue: h200-sxm, 8 ranks, NVLS on, in one node') },
      nominal: { value: 470e9, source: text('catalogue: h200-sxm') },
    },
    {
      ...shared,
      id: text('decode'),
      metric: DECODE.id,
      where: { model: 'llm-8b', batch: 32, context: 2048, dtype: 'bf16' },
      per: 'node',
      mandatory: false,
      decide: 'level',
      standing: 'sanity',
      limit: { value: 3000, source: text('floor of sense') },
      fixed: 'after',
    },
  ];
  for (let index = 0; index < more; index += 1) {
    list.push({
      ...shared,
      id: text(`memory-${index}`),
      clause: text(`Annex B 5.${index + 1}`),
      metric: MEMORY.id,
      where: { bytes: 2 ** (28 + index), operation: 'copy' },
      per: 'accelerator',
      decide: 'level',
      limit: { value: 3600e9, source: text('datasheet × 0.75') },
      nominal: { value: 3900e9, source: text('catalogue: h200-sxm') },
    });
  }
  return list;
}

const GOOD: Readonly<Record<string, readonly [center: number, spread: number]>> = {
  [GPU_METRIC.id]: [741e12, 5e12],
  [MEMORY.id]: [4010e9, 28e9],
  [BUSBW.id]: [476e9, 2.4e9],
  [DECODE.id]: [4120, 55],
};

/** A run as its reader gives it; everything follows from the spec. */
export function sampleRun(spec: SampleSpec): RunReader {
  const text = spec.text ?? ((plain: string) => plain);
  const perNode = spec.accelerators ?? 8;
  const trials = spec.trials ?? 3;
  const criteria = baseCriteria(text, spec.more ?? 1);
  const nodes = Array.from({ length: spec.nodes }, (_, index) => nodeAt(index, perNode, text));
  const unreachable = (index: number) => spec.bad?.[index] === 'unreachable';
  const sick = (index: number, place: number) =>
    place === Math.min(3, perNode - 1) ? spec.bad?.[index] : undefined;

  const caseOf = (criterion: Criterion) =>
    `${criterion.metric.split('.').slice(0, 2).join('.')}-${Object.values(criterion.where).join('-')}`;
  const attemptId = (criterion: Criterion, node: string, ordinal: number) =>
    `${caseOf(criterion)}@${node}#${ordinal}/0`;

  function* findings(): Generator<Finding> {
    const random = stream(11, 'sample-run');
    for (const criterion of criteria) {
      for (const [index, node] of nodes.entries()) {
        const places = criterion.per === 'accelerator' ? node.accelerators : [undefined];
        for (const [place, accelerator] of places.entries()) {
          const noise = random() + random() + random() - 1.5;
          yield finding(criterion, node, index, place, accelerator, noise);
        }
      }
    }
  }

  function finding(
    criterion: Criterion,
    node: Node,
    index: number,
    place: number,
    accelerator: Accelerator | undefined,
    noise: number,
  ): Finding {
    const subject: Subject =
      accelerator === undefined
        ? { kind: 'node', node: node.id }
        : { kind: 'accelerator', node: node.id, accelerator: accelerator.id };
    const attempts = Array.from({ length: trials }, (_, at) => attemptId(criterion, node.id, at));
    const common = { criterion: criterion.id, subject, attempts };
    if (unreachable(index)) {
      return {
        ...common,
        attempts: [],
        verdict: 'not-tested',
        reason: text('node not reached: SSH refused'),
      };
    }
    const ill = criterion.per === 'accelerator' ? sick(index, place) : undefined;
    if (criterion.decide === 'exact') {
      return ill === 'wrong'
        ? {
            ...common,
            verdict: 'fail',
            reason: text(`1 of ${trials} products wrong: row 4711 differs by 0.25`),
          }
        : { ...common, verdict: 'pass', reason: text(`${trials} of ${trials} products right`) };
    }
    const [center, spread] = GOOD[criterion.metric] ?? [1, 0];
    let value = center + noise * spread;
    let verdict: Word = 'pass';
    if (ill === 'slow' && criterion.metric === GPU_METRIC.id)
      [value, verdict] = [641.23e12, 'fail'];
    if (ill === 'doubtful' && criterion.metric === GPU_METRIC.id)
      [value, verdict] = [699.98e12, 'inconclusive'];
    const reason =
      verdict === 'pass'
        ? text('at or above the limit')
        : verdict === 'fail'
          ? text(
              `below the limit in ${trials} of ${trials} trials; power cap active in all of them`,
            )
          : text('the evidence reached neither bound in 16 trials');
    return {
      ...common,
      verdict,
      estimate: {
        value,
        interval: [value * 0.994, value * 1.006],
        n: trials,
        evidence: verdict === 'fail' ? { pass: -7.3, fail: 14.1 } : { pass: 7.4, fail: -6.2 },
      },
      reason,
      ...(verdict === 'fail' && { cause: 'power' as const }),
    };
  }

  const findingsList = () => findings();
  const verdict = judge(spec, criteria, nodes, findingsList(), text);
  const metrics = [GPU_METRIC, MEMORY, BUSBW, DECODE];
  const shaOf = (index: number) => (0xa5c3 + index * 7919).toString(16).padStart(64, '3f9c07d2');

  function* attempts(): Generator<Attempt> {
    let count = 0;
    for (const criterion of criteria) {
      for (const [index, node] of nodes.entries()) {
        if (unreachable(index)) continue;
        for (let ordinal = 0; ordinal < trials; ordinal += 1) {
          count += 1;
          yield {
            id: attemptId(criterion, node.id, ordinal),
            trial: {
              id: attemptId(criterion, node.id, ordinal).slice(0, -2),
              case: caseOf(criterion),
              nodes: [node.id],
              ordinal,
              round: ordinal,
              why: 'planned',
            },
            ordinal: 0,
            startedAt: '2026-11-20T08:00:00Z',
            seconds: 40 + (count % 7),
            exits: [],
            outcome:
              count === 5
                ? {
                    status: 'failed',
                    owner: 'reach',
                    code: 'SSH_LOST',
                    message: text('connection closed while the payload ran'),
                    suspects: [node.id],
                  }
                : { status: 'measured' },
          };
        }
      }
    }
  }

  function* samples(): Generator<Sample> {
    for (const one of findingsList()) {
      const criterion = criteria.find(({ id }) => id === one.criterion);
      if (one.estimate === undefined || criterion === undefined) continue;
      const node = 'node' in one.subject ? one.subject.node : '';
      for (const [ordinal, attempt] of one.attempts.entries()) {
        yield {
          metric: criterion.metric,
          subject: one.subject,
          parameters: { ...criterion.where, devices: 'all' },
          value: one.estimate.value * (1 + (ordinal - 1) * 0.002),
          attempt,
          evidence: {
            stream: `${attempt}/0.${node}.stdout`,
            sha256: shaOf(ordinal + Number(node.slice(1))),
            line: 12 + ordinal,
          },
          origin: spec.origin ?? 'hardware',
        };
      }
    }
  }

  function* streams(): Generator<StreamEntry> {
    for (const attempt of attempts()) {
      const node = attempt.trial.nodes[0] ?? '';
      yield {
        key: `${attempt.id}/0.${node}.stdout`,
        attempt: attempt.id,
        step: 0,
        suite: 'matmul',
        node,
        rank: 0,
        stream: 'stdout',
        blocks: [],
        bytes: 4096,
        sha256: shaOf(attempt.trial.ordinal + Number(node.slice(1))),
        lines: 31,
        cut: 0,
        redactions: 1,
      };
    }
  }

  const telemetry = (): TelemetryRow[] =>
    nodes.flatMap((node, index) =>
      ['power', 'clock-sm', 'temperature'].map((field, at) => ({
        attempt: attemptId(criteria[0] as Criterion, node.id, 0),
        node: node.id,
        accelerator: node.accelerators[0]?.id ?? '',
        field,
        n: 118,
        min: 300 + at * 10,
        median: 640 + at * 10 - (spec.bad?.[index] ? 130 : 0),
        max: 702 + at * 10,
      })),
    );

  return {
    path: 'runs/sample',
    id: '20261120-080000-sample',
    plan: planOf(spec, criteria, text),
    fleet: {
      schema: 'assay/fleet/1',
      runner: 'sim',
      origin: spec.origin ?? 'hardware',
      nodes: nodes.filter((_, index) => !unreachable(index)),
      missing: nodes.flatMap(({ id }, index) =>
        unreachable(index)
          ? [{ node: id, code: 'SSH_UNREACHABLE', reason: text('connection refused') }]
          : [],
      ),
      lost: [{ fact: 'serial', nodes: ['n0001'], why: text('dmidecode needs root') }],
      cases: criteria.map((criterion) => ({
        id: caseOf(criterion),
        suite: criterion.metric.split('.')[0] ?? '',
        parameters: criterion.where,
        scope: 'node' as const,
        gives: [],
        expected: 42,
      })),
      metrics,
      checks: ['matmul.gemm.correct'],
    },
    verdict,
    sealed: true,
    journal: () =>
      each([
        { seq: 0, at: '2026-11-20T08:00:00Z', event: 'run' },
        {
          seq: 1,
          at: '2026-11-20T09:12:30Z',
          event: 'used',
          used: { trials: 5810, rounds: 4, wallTime: 4351, nodeHours: 618.8, cost: 19_492 },
        },
        { seq: 2, at: '2026-11-20T09:12:31Z', event: 'end' },
      ]),
    attempts: () => each(attempts()),
    samples: () => each(samples()),
    findings: () => each(findingsList()),
    streams: () => each(streams()),
    telemetry: () => each(telemetry()),
    sampleGroups: () => each(groups(samples(), sampleTable)),
    findingGroups: () => each(groups(findingsList(), findingTable)),
    telemetryGroups: () => each(groups(telemetry(), telemetryTable)),
    bytes: () => each([]),
  };
}

/** Rows written together: as many as memory should hold. */
const GROUP = 20_000;

/** The rows in groups, as a file would give them. */
function* groups<T>(rows: Iterable<T>, table: Table<T>): Generator<Group<T>> {
  const names = table.columns.map((column) => column.name);
  let held: T[] = [];
  const group = (own: readonly T[]): Group<T> => {
    const cells = own.map((row) => cellsOf(table, row));
    return {
      rows: own.length,
      column: (name) => cells.map((row) => row[names.indexOf(name)]),
      row: (at) => own[at] as T,
    };
  };
  for (const row of rows) {
    held.push(row);
    if (held.length < GROUP) continue;
    yield group(held);
    held = [];
  }
  if (held.length > 0) yield group(held);
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

function nodeAt(index: number, perNode: number, text: (plain: string) => string): Node {
  const id = `n${String(index + 1).padStart(4, '0')}`;
  const serial = `SN${String(4_700_000 + index * 13)}`;
  return {
    id,
    identity: [{ kind: 'serial', value: text(serial) }],
    name: text(`gpu${index + 1}.lab`),
    fabricAddress: '192.0.2.1',
    accelerators: Array.from({ length: perNode }, (_, place) => ({
      id: `GPU-${String(index).padStart(6, '0')}-${place}`,
      kind: 'gpu' as const,
      model: text('NVIDIA H200'),
      index: place,
      memory: 141e9,
      cores: 1,
    })),
    domains: [{ kind: 'rack', id: text(`R${Math.floor(index / 8) + 1}`), from: 'plan' }],
    environment: {
      driver: text(index % 29 === 17 ? '570.86.15' : '570.124.06'),
      nccl: text('2.26.2'),
      kernel: text('6.8.0-1021-aws'),
      vbios: text('96.00.D0.00.03'),
    },
  };
}

function planOf(spec: SampleSpec, criteria: Criterion[], text: (plain: string) => string): Plan {
  return {
    schema: 'assay/plan/1',
    file: text('tranche-7.yaml'),
    seed: 20261215,
    delivery: {
      reference: text('MSA-2025-114 / tranche 7'),
      provider: text('aws'),
      sku: text('h200-sxm'),
      unit: 'node',
      milestone: '2026-12-15',
      deemedAcceptance: '2027-01-15',
      count: spec.nodes,
      acceleratorsPerNode: spec.accelerators ?? 8,
      price: { perNodeHour: 31.5, currency: text('USD') },
    },
    fleet: { runner: 'sim', options: {}, grace: 1800, lease: 600 },
    suites: ['matmul', 'nccl', 'inference'].map((id) => ({ id, options: {} })),
    criteria,
    decision: {
      consumerRisk: 0.001,
      producerRisk: 0.01,
      inconclusive: 'hold',
      nonconforming: 0,
    },
    budget: { wallTime: 21_600, nodeHours: 3000 },
    estimate: { trials: 5765, rounds: 3, wallTime: 4180, nodeHours: 594.5, cost: 18_727 },
    report: { private: [] },
    origins: {},
    warnings: [text('criterion decode has a sanity limit: it can reject, never accept alone')],
  };
}

function judge(
  spec: SampleSpec,
  criteria: Criterion[],
  nodes: readonly Node[],
  findings: Iterable<Finding>,
  text: (plain: string) => string,
): Verdict {
  const counts = new Map(
    criteria.map(({ id }) => [id, { pass: 0, fail: 0, inconclusive: 0, 'not-tested': 0 }]),
  );
  const worst = new Map<string, Finding>();
  const bad: Finding[] = [];
  const severity = { fail: 0, inconclusive: 1, 'not-tested': 2, pass: 3 };
  const byNode = new Map<string, Word>();
  for (const finding of findings) {
    const tally = counts.get(finding.criterion);
    if (tally) tally[finding.verdict] += 1;
    if (finding.verdict !== 'pass') bad.push(finding);
    const before = worst.get(finding.criterion);
    const value = (one: Finding) => one.estimate?.value ?? Infinity;
    const worse =
      before !== undefined &&
      (before.estimate === undefined && finding.estimate === undefined
        ? severity[finding.verdict] < severity[before.verdict]
        : value(finding) < value(before));
    if (before === undefined || worse) worst.set(finding.criterion, finding);
    const node = 'node' in finding.subject ? finding.subject.node : '';
    const word = byNode.get(node) ?? 'pass';
    if (severity[finding.verdict] < severity[word]) byNode.set(node, finding.verdict);
    else byNode.set(node, word);
  }
  const words = nodes.map((node) => byNode.get(node.id) ?? 'not-tested');
  const count = (word: Word) => words.filter((one) => one === word).length;
  const failed = count('fail');
  const undecided = count('inconclusive');
  const untested = count('not-tested');
  const lotWord: LotWord =
    failed > 0 ? 'reject' : undecided > 0 ? 'inconclusive' : untested > 0 ? 'not-tested' : 'accept';
  const reason = {
    accept: `all ${nodes.length} nodes conform to every criterion`,
    reject: `${failed} of ${nodes.length} nodes do not conform; the plan allows none`,
    inconclusive: `${undecided} of ${nodes.length} nodes are undecided after 16 trials`,
    'not-tested': `${untested} of ${nodes.length} nodes were not tested`,
  }[lotWord];
  const why = { fail: 'bf16-sustained: ', inconclusive: 'undecided: ', 'not-tested': '', pass: '' };
  return {
    schema: 'assay/verdict/1',
    origin: spec.origin ?? 'hardware',
    lot: {
      verdict: lotWord,
      reasons: [text(reason)],
      delivered: nodes.length,
      tested: nodes.length - untested,
      accepted: count('pass'),
      rejected: failed,
      inconclusive: undecided,
      notTested: untested,
    },
    nodes: nodes.map((node, index) => {
      const verdict = words[index] ?? 'not-tested';
      const own = bad.filter((one) => 'node' in one.subject && one.subject.node === node.id);
      return {
        id: node.id,
        identity: `serial:${node.identity[0]?.value ?? ''}`,
        verdict,
        reasons:
          verdict === 'pass' ? [] : [...new Set(own.map((one) => why[verdict] + one.reason))],
        accelerators: node.accelerators.map((accelerator) => ({
          id: accelerator.id,
          verdict:
            own.find(
              (one) => 'accelerator' in one.subject && one.subject.accelerator === accelerator.id,
            )?.verdict ?? 'pass',
        })),
        ...(verdict === 'fail' && {
          owner: 'node',
          class: text('power'),
          next: text('replace the node or lift its power cap, then run again with --only'),
        }),
        ...(verdict === 'not-tested' && {
          owner: 'reach',
          class: text('SSH_UNREACHABLE'),
          next: text('restore access before the grace ends'),
        }),
      };
    }),
    links: [],
    groups: [],
    criteria: criteria.map((criterion) => {
      const tally = counts.get(criterion.id) ?? {
        pass: 0,
        fail: 0,
        inconclusive: 0,
        'not-tested': 0,
      };
      const found = worst.get(criterion.id);
      return {
        ...criterion,
        verdict: tally.fail
          ? 'fail'
          : tally.inconclusive
            ? 'inconclusive'
            : tally['not-tested']
              ? 'not-tested'
              : 'pass',
        counts: tally,
        ...(found && { worst: found }),
      };
    }),
    findings: bad,
    notes: [text('catalogue floor of nccl applies with NVLS on')],
    coverage: criteria.map((criterion) => {
      const subjects = bad.filter(
        (one) => one.criterion === criterion.id && one.verdict === 'not-tested',
      );
      const tally = counts.get(criterion.id);
      const planned = tally ? Object.values(tally).reduce((sum, one) => sum + one, 0) : 0;
      return {
        criterion: criterion.id,
        planned,
        measured: planned - subjects.length,
        gaps:
          subjects.length === 0
            ? []
            : [{ subjects: subjects.map(({ subject }) => subject), why: text('node not reached') }],
      };
    }),
    errorRates: {
      consumerRisk: 0.001,
      producerRisk: 0.01,
      decisions: nodes.length * 18,
      maxTrials: 16,
      repeatability: [
        {
          metric: GPU_METRIC.id,
          parameters: { dtype: 'bf16', shape: '8192', mode: 'sustained' },
          sigma: 0.0102,
          classical: 0.0111,
          between: 0.004,
          skewness: -0.2,
          degrees: 511,
          from: 'this-run',
          round: 2,
        },
      ],
    },
    attempts: [
      {
        id: 'matmul.gemm-bf16-8192-sustained@n0002#1/0',
        outcome: {
          status: 'failed',
          owner: 'reach',
          code: 'SSH_LOST',
          message: text('connection closed while the payload ran'),
          suspects: ['n0002'],
        },
      },
    ],
  };
}

/** Script, direction override, emoji, terminal escape, template and CSV tricks, 10 kB of it. */
export const HOSTILE = [
  '<script>globalThis.owned=1</script>',
  '"><img src=x onerror="globalThis.owned=1">',
  '</script></style></title>{{constructor}}',
  '\u202egnp.exe\u2066 \u001b[31mred\u001b]0;title\u0007',
  '👩‍🚀🏳️‍🌈 NaN Infinity null =cmd|calc',
  '| `x` [a](javascript:alert(1)) <!-- ]]> -->\n# head',
  '\u2028\u2029\ud800',
].join(' ');

/** Every text replaced by a hostile one that keeps its first word, so that ids stay apart. */
const hostileText = (plain: string): string => `${plain} ${HOSTILE} ${'ü'.repeat(10_000)}`;

export const RUNS = {
  healthy: { nodes: 64 },
  /** Small, with one of each: rendered into test/golden/report.html. */
  golden: {
    nodes: 6,
    accelerators: 2,
    origin: 'simulated',
    bad: { 1: 'slow', 2: 'doubtful', 3: 'wrong', 4: 'unreachable' },
  },
  rejected: { nodes: 64, bad: { 6: 'slow' } },
  inconclusive: { nodes: 64, bad: { 11: 'doubtful' } },
  mixed: {
    nodes: 64,
    bad: { 6: 'slow', 11: 'doubtful', 30: 'wrong', 40: 'unreachable', 52: 'slow' },
  },
  /** As `mixed`, said to be simulated: what docs/ shows must not look like a real delivery. */
  picture: {
    nodes: 64,
    origin: 'simulated',
    bad: { 6: 'slow', 11: 'doubtful', 30: 'wrong', 40: 'unreachable', 52: 'slow' },
  },
  hostile: {
    nodes: 3,
    accelerators: 2,
    bad: { 0: 'slow', 1: 'unreachable', 2: 'wrong' },
    origin: 'stand-in',
    text: hostileText,
  },
  /** Ten thousand rows to find a node among; what stands behind each is little. */
  large: {
    nodes: 10_000,
    accelerators: 2,
    trials: 1,
    origin: 'simulated',
    bad: Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [at * 97 + 5, at % 4 === 3 ? 'wrong' : 'slow']),
    ),
  },
  reference: { nodes: 1, accelerators: 1, origin: 'reference-device', trials: 5 },
} as const satisfies Record<string, SampleSpec>;
