/**
 * The decision on simulated lots: 1,000 nodes, 100 metrics, repeatability 2 %, nominal 5 % over the
 * limit, 100 bad nodes (one metric 5 % below its limit), beside SuperBench's published rule in the same run.
 */
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import type { Criterion, Plan } from '../plan/model.ts';
import { shuffle, stream } from '../plan/random.ts';
import type { Node } from '../runners/model.ts';
import type { Case } from '../suites/model.ts';
import { createJudge } from '../verdicts/judge.ts';
import type { Word } from '../verdicts/model.ts';
import { clopperPearson } from '../verdicts/statistics/clopper-pearson.ts';
import type { Bench, Row } from './bench.ts';

const NODES = 1000;
const METRICS = 100;
const BAD = 100;
const LIMIT = 100;
const NOMINAL = 105;
const SHORT = 95;
const NOISE = 0.02;
const SEEDS = 10;
const SPREAD_SEEDS = 3;
const CONSUMER = 0.001;
const PRODUCER = 0.01;

/** True value of a metric on a node; the decision never sees it. */
type Truth = (node: number, metric: number) => number;

interface Counts {
  nodes: number;
  fail: number;
  inconclusive: number;
  pass: number;
}

interface Lot {
  readonly good: Counts;
  readonly bad: Counts;
  readonly trials: number;
  readonly peerFlags: { good: number; nodes: number };
  /** Words of findings by tenths of the way from limit to nominal; key: floor of the share × 4. */
  readonly byTruth: Map<number, Counts>;
  readonly conforming: { fail: number; findings: number };
}

/** Runs ten seeds at nominal and some with spread between parts; `--seeds N` for fewer. */
export const bench: Bench = async (words) => {
  const at = words.indexOf('--seeds');
  const seeds = at < 0 ? SEEDS : Number(words[at + 1]);
  const lots: Lot[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) lots.push(await runLot(seed, 0));
  const good = total(lots.map((lot) => lot.good));
  const bad = total(lots.map((lot) => lot.bad));
  const flags = lots.reduce((sum, lot) => sum + lot.peerFlags.good, 0);
  const peerNodes = lots.reduce((sum, lot) => sum + lot.peerFlags.nodes, 0);
  const trials = lots.reduce((sum, lot) => sum + lot.trials, 0) / (lots.length * NODES * METRICS);
  const fixed = fixedTrials();
  const rows: Row[] = [
    {
      ...share('healthy nodes rejected', good.fail, good.nodes, '<= 0.1 %', (one) => one <= 0.001),
      peer: `${percent(flags / peerNodes)} (SuperBench: −5 % of the iterated mean)`,
    },
    share(
      'healthy nodes inconclusive',
      good.inconclusive,
      good.nodes,
      '<= 0.1 %',
      (one) => one <= 0.001,
    ),
    share('bad nodes passed', bad.pass, bad.nodes, '<= 0.1 %', (one) => one <= 0.001),
    share('bad nodes failed', bad.fail, bad.nodes, '>= 99 %', (one) => one >= 0.99),
    {
      figure: 'trials a decision',
      measured: `${trials.toFixed(2)} (${percent(trials / fixed)} of the fixed-n design)`,
      peer: `${fixed} (fixed n, equal risks)`,
      target: '<= 45 %',
      met: trials / fixed <= 0.45,
    },
  ];
  for (const spread of [0.01, 0.02, 0.03]) {
    const own: Lot[] = [];
    for (let seed = 1; seed <= Math.min(seeds, SPREAD_SEEDS); seed += 1) {
      own.push(await runLot(100 + seed, spread));
    }
    const fail = own.reduce((sum, lot) => sum + lot.conforming.fail, 0);
    const findings = own.reduce((sum, lot) => sum + lot.conforming.findings, 0);
    rows.push(
      share(
        `spread ${spread * 100} %: conforming findings failed`,
        fail,
        findings,
        '<= 0.1 %',
        (one) => one <= 0.001,
      ),
      ...curve(spread, own),
    );
  }
  return rows;
};

async function runLot(seed: number, spread: number): Promise<Lot> {
  const noise = normals(seed, 'noise');
  const own = normals(seed, 'parts');
  const levels = new Float64Array(NODES * METRICS).map(() =>
    spread === 0 ? NOMINAL : NOMINAL * (1 + spread * own()),
  );
  const random = stream(seed, 'bad');
  const badNodes = shuffle(
    Array.from({ length: NODES }, (_, i) => i),
    random,
  ).slice(0, spread === 0 ? BAD : 0);
  for (const node of badNodes) levels[node * METRICS + Math.floor(random() * METRICS)] = SHORT;
  const truth: Truth = (node, metric) => levels[node * METRICS + metric] as number;
  const { words, found, trials, first } = await decide(seed, truth, noise);
  const bad = new Set(badNodes);
  const lot: Lot = {
    good: empty(),
    bad: empty(),
    trials,
    peerFlags: peer(first, bad),
    byTruth: new Map(),
    conforming: { fail: 0, findings: 0 },
  };
  for (const [node, word] of words) count(bad.has(node) ? lot.bad : lot.good, word);
  for (const [cell, word] of found.entries()) {
    const value = levels[cell] as number;
    const bin = Math.floor(((value - LIMIT) / (NOMINAL - LIMIT)) * 2);
    const counts = lot.byTruth.get(bin) ?? empty();
    lot.byTruth.set(bin, counts);
    count(counts, word);
    if (value < LIMIT) continue;
    lot.conforming.findings += 1;
    if (word === 'fail') lot.conforming.fail += 1;
  }
  return lot;
}

/** The whole judge, fed by synthetic trials: every metric is a case of its own. */
async function decide(seed: number, truth: Truth, noise: () => number) {
  const cases = Array.from({ length: METRICS }, (_, i) => caseOf(i));
  const nodes = Array.from({ length: NODES }, (_, i) => nodeOf(i));
  const judge = createJudge({
    plan: planOf(seed),
    origin: 'simulated',
    nodes,
    missing: [],
    cases,
    metrics: [],
    checks: [],
  });
  const ordinals = new Map<string, number>();
  const first = new Float64Array(NODES * METRICS);
  let trials = 0;
  for (let round = 0; ; round += 1) {
    const { requests } = judge.next();
    if (requests.length === 0) break;
    for (const request of requests) {
      const metric = Number(request.case.slice(1));
      for (const [id] of request.groups) {
        const node = Number(id?.slice(1));
        const key = `${request.case}@${id}`;
        const ordinal = ordinals.get(key) ?? 0;
        ordinals.set(key, ordinal + 1);
        trials += 1;
        const value = truth(node, metric) * (1 + NOISE * noise());
        if (ordinal === 0) first[node * METRICS + metric] = value;
        const trial = {
          id: `${key}#${ordinal}`,
          case: request.case,
          nodes: [id as string],
          ordinal,
          round,
          why: request.why,
        };
        judge.observe(
          {
            id: `${trial.id}/0`,
            trial,
            ordinal: 0,
            startedAt: '',
            seconds: 1,
            exits: [],
            outcome: { status: 'measured' },
          },
          [
            {
              kind: 'sample',
              metric: 'bench.value',
              subject: { kind: 'node', node: id as string },
              parameters: { metric },
              value,
              attempt: `${trial.id}/0`,
              evidence: { stream: '', sha256: '', line: 1 },
              origin: 'simulated',
            },
          ],
        );
      }
    }
    await Promise.resolve();
  }
  const { verdict, findings } = judge.decide();
  const words = new Map(
    verdict.nodes.map((node) => [Number(node.id.slice(1)), node.verdict] as const),
  );
  const found: Word[] = [];
  for (const { criterion, subject, verdict: word } of findings) {
    if (!criterion.startsWith('k') || subject.kind !== 'node') continue;
    found[Number(subject.node.slice(1)) * METRICS + Number(criterion.slice(1))] = word;
  }
  return { words, found, trials, first };
}

/**
 * SuperBench's `fix_threshold` baseline and its documented rule, on one run: the mean of what is left
 * after dropping whatever lies 5 % below it, and a node is defective if any metric lies 5 % below that.
 */
function peer(first: Float64Array, bad: ReadonlySet<number>): { good: number; nodes: number } {
  const flagged = new Set<number>();
  for (let metric = 0; metric < METRICS; metric += 1) {
    const values = Array.from(
      { length: NODES },
      (_, node) => first[node * METRICS + metric] as number,
    );
    let kept = values;
    let mean = 0;
    for (;;) {
      mean = kept.reduce((sum, one) => sum + one, 0) / kept.length;
      const left = kept.filter((one) => (one - mean) / mean >= -0.05);
      if (left.length === kept.length) break;
      kept = left;
    }
    for (const [node, value] of values.entries()) {
      if ((value - mean) / mean < -0.05) flagged.add(node);
    }
  }
  const good = [...flagged].filter((node) => !bad.has(node)).length;
  return { good, nodes: NODES - bad.size };
}

/** n of the fixed-n test with the same two risks (STATISTICS 2.2). */
function fixedTrials(): number {
  const d = Math.log(NOMINAL / LIMIT) / NOISE;
  const z = (risk: number) => normalQuantile(1 - risk, 0, 1);
  return Math.ceil(((z(CONSUMER) + z(PRODUCER / (NODES * METRICS))) / d) ** 2);
}

function curve(spread: number, lots: readonly Lot[]): Row[] {
  const bins = [...new Set(lots.flatMap((lot) => [...lot.byTruth.keys()]))]
    .filter((bin) => bin >= -4 && bin < 4)
    .sort((a, b) => a - b);
  return bins.map((bin) => {
    const sum = total(lots.flatMap((lot) => lot.byTruth.get(bin) ?? []));
    const part = (n: number) => percent(n / sum.nodes);
    return {
      figure: `spread ${spread * 100} %: truth ${bin / 2} to ${(bin + 1) / 2} of the way to nominal`,
      measured: `pass ${part(sum.pass)}, fail ${part(sum.fail)}, inconclusive ${part(sum.inconclusive)} of ${sum.nodes}`,
    };
  });
}

function share(
  figure: string,
  x: number,
  n: number,
  target: string,
  meets: (share: number) => boolean,
): Row {
  const { lower, upper } = clopperPearson(x, n, 0.95);
  return {
    figure,
    measured: `${percent(x / n)} (${x} of ${n}; 95 %: ${percent(lower)} to ${percent(upper)})`,
    target,
    met: meets(x / n),
  };
}

function percent(one: number): string {
  return `${(one * 100).toPrecision(3)} %`;
}

function empty(): Counts {
  return { nodes: 0, fail: 0, inconclusive: 0, pass: 0 };
}

function count(counts: Counts, word: Word): void {
  counts.nodes += 1;
  if (word === 'pass' || word === 'fail') counts[word] += 1;
  else counts.inconclusive += 1;
}

function total(all: readonly Counts[]): Counts {
  const sum = empty();
  for (const one of all) {
    sum.nodes += one.nodes;
    sum.fail += one.fail;
    sum.inconclusive += one.inconclusive;
    sum.pass += one.pass;
  }
  return sum;
}

function normals(seed: number, name: string): () => number {
  const random = stream(seed, name);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function caseOf(i: number): Case {
  return {
    id: `c${i}`,
    suite: 'bench',
    parameters: { metric: i },
    scope: 'node',
    gives: [{ metric: 'bench.value', per: 'node' }],
    expected: 1,
  };
}

function nodeOf(i: number): Node {
  const id = `n${String(i).padStart(4, '0')}`;
  return {
    id,
    identity: [{ kind: 'serial', value: id }],
    name: id,
    fabricAddress: id,
    accelerators: [{ id: `g${i}`, kind: 'gpu', model: 'Bench', index: 0, memory: 1, cores: 1 }],
    domains: [],
    environment: {},
  };
}

function criterionOf(i: number): Criterion {
  return {
    id: `k${i}`,
    metric: 'bench.value',
    where: { metric: i },
    per: 'node',
    mandatory: true,
    decide: 'level',
    standing: 'contract',
    bound: 'at-least',
    limit: { value: LIMIT, source: 'bench' },
    nominal: { value: NOMINAL, source: 'bench' },
    fixed: 'before',
  };
}

function planOf(seed: number): Plan {
  return {
    schema: 'assay/plan/1',
    seed,
    delivery: {
      reference: 'bench',
      provider: 'own',
      sku: 'bench',
      unit: 'node',
      acceleratorsPerNode: 1,
    },
    part: {
      sku: 'bench',
      title: 'Bench',
      kind: 'gpu',
      models: [],
      perNode: 1,
      peaks: {},
      machines: [],
    },
    fleet: { runner: 'sim', options: {}, grace: 1800, lease: 600 },
    suites: [],
    criteria: Array.from({ length: METRICS }, (_, i) => criterionOf(i)),
    decision: {
      consumerRisk: CONSUMER,
      producerRisk: PRODUCER,
      inconclusive: 'hold',
      nonconforming: 0,
    },
    budget: {},
    report: { private: [] },
    origins: {},
    warnings: [],
  };
}
