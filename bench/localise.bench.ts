/**
 * Who is slow among N nodes, from simulated measurements of pairs: our screen and confirmation (sigma measured, not
 * given) beside round robin over all N − 1 rounds and recursive bisection, on the same nodes and the same noise.
 */
import { stream } from '../plan/random.ts';
import { confirmed, confirmPartners } from '../verdicts/localisation/confirm.ts';
import { randomMatching, roundRobin, roundsOfAll } from '../verdicts/localisation/matchings.ts';
import { chooseRounds, upperTail } from '../verdicts/localisation/rounds.ts';
import { expectations, pairSigma, shortfalls } from '../verdicts/localisation/scatter.ts';
import { screenPairs } from '../verdicts/localisation/screen.ts';
import type { Bench, Row } from './bench.ts';
import { numberAfter } from './prepare.ts';

/** Noise of one pair's result (ln), which no method is told. */
const SIGMA = 0.01;
/** Level of a good pair (ln of its bandwidth), which no method is told. */
const LEVEL = Math.log(40e9);
/** Rounds that sigma is measured on: one matching, twice. */
const SIGMA_ROUNDS = 2;
/** Nodes wrongly decided, expected, for which the rounds are chosen. */
const WANTED = 0.01;
/** Faults that the choice of rounds assumes, as a share of the nodes. */
const ASSUMED = 0.01;
const SEEDS = 20;
const TARGET = { nodes: 10_000, bad: 100, distance: 6, seeds: 100, exact: 95, rounds: 4 };

/** One fleet: who is at fault, and what a group measures when it is run. */
interface Truth {
  readonly nodes: number;
  readonly bad: Uint8Array;
  /** Loss that must be found (ln): known, it is the way from nominal to the limit. */
  readonly loss: number;
  /** ln of the bandwidth of a group, as slow as its slowest node. */
  readonly measure: (faulty: boolean) => number;
}

interface Outcome {
  readonly sigmaRounds: number;
  readonly rounds: number;
  readonly missed: number;
  readonly false: number;
  readonly sigma?: number;
}

/** `--seeds N`: of the target; `--quick`: 1,024 nodes only, for a look. */
export const bench: Bench = async (words) => {
  const rows: Row[] = [];
  for (const nodes of words.includes('--quick') ? [1024] : [1024, TARGET.nodes]) {
    for (const bad of [1, 10, 100]) {
      for (const distance of [4, 6, 10]) rows.push(cell(nodes, bad, distance));
      // Lets the terminal show that something happens.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  if (!words.includes('--quick')) rows.push(target(numberAfter(words, '--seeds') ?? TARGET.seeds));
  return rows;
};

function cell(nodes: number, bad: number, distance: number): Row {
  const ours = Array.from({ length: SEEDS }, (_, seed) =>
    screenAndConfirm(truthOf(nodes, bad, distance, seed), seed),
  );
  const bisected = bisection(truthOf(nodes, bad, distance, 0));
  const robin = allPairs(truthOf(nodes, bad, distance, 0));
  const exact = ours.filter((one) => one.missed + one.false === 0).length;
  const rounds = (all: readonly Outcome[]) => {
    const least = Math.min(...all.map((one) => one.rounds));
    const most = Math.max(...all.map((one) => one.rounds));
    return least === most ? String(least) : `${least} to ${most}`;
  };
  return {
    figure: `${nodes} nodes, ${bad} bad, d′ = ${distance}`,
    measured: `${SIGMA_ROUNDS} + ${rounds(ours)} rounds; missed ${mean(ours, 'missed')}, false ${mean(ours, 'false')}; exact ${exact} of ${SEEDS}`,
    peer: `round robin ${robin.rounds} rounds, missed ${robin.missed}, false ${robin.false}; bisection ${bisected.rounds} rounds, missed ${bisected.missed}, false ${bisected.false}`,
  };
}

function target(seeds: number): Row {
  const all = Array.from({ length: seeds }, (_, seed) =>
    screenAndConfirm(truthOf(TARGET.nodes, TARGET.bad, TARGET.distance, 1000 + seed), 1000 + seed),
  );
  const good = all.filter((one) => one.missed + one.false === 0 && one.rounds <= TARGET.rounds);
  const share = TARGET.exact / TARGET.seeds;
  const most = Math.max(...all.map((one) => one.rounds));
  const sigmas = all.map((one) => (one.sigma ?? 0) * 100);
  return {
    figure: `${TARGET.bad} bad of ${TARGET.nodes} at d′ = ${TARGET.distance}: exact in at most ${TARGET.rounds} rounds`,
    measured: `${good.length} of ${seeds} seeds; at most ${most} rounds after the ${SIGMA_ROUNDS} that measured sigma (${Math.min(...sigmas).toFixed(3)} to ${Math.max(...sigmas).toFixed(3)} %, truly ${SIGMA * 100} %)`,
    target: `>= ${Math.ceil(share * seeds)} of ${seeds}`,
    met: good.length >= share * seeds,
  };
}

function mean(all: readonly Outcome[], key: 'missed' | 'false'): string {
  return (all.reduce((sum, one) => sum + one[key], 0) / all.length).toFixed(2);
}

function truthOf(nodes: number, bad: number, distance: number, seed: number): Truth {
  const random = stream(seed, 'bench', nodes, bad, distance);
  const loss = distance * SIGMA;
  const marks = new Uint8Array(nodes);
  for (let placed = 0; placed < bad;) {
    const node = Math.floor(random() * nodes);
    if (marks[node] === 1) continue;
    marks[node] = 1;
    placed += 1;
  }
  return { nodes, bad: marks, loss, measure: measuring(stream(seed, 'noise', nodes, bad), loss) };
}

function measuring(random: () => number, loss: number): Truth['measure'] {
  let spare: number | undefined;
  return (faulty) => {
    let normal = spare;
    spare = undefined;
    if (normal === undefined) {
      const radius = Math.sqrt(-2 * Math.log(1 - random()));
      const angle = 2 * Math.PI * random();
      normal = radius * Math.cos(angle);
      spare = radius * Math.sin(angle);
    }
    return LEVEL + SIGMA * normal - (faulty ? loss : 0);
  };
}

/** Results of disjoint pairs, run at once. */
function round({ bad, measure }: Truth, pairs: Int32Array): Float64Array {
  const values = new Float64Array(pairs.length / 2);
  for (let at = 0; at < values.length; at += 1) {
    values[at] = measure(
      bad[pairs[2 * at] as number] === 1 || bad[pairs[2 * at + 1] as number] === 1,
    );
  }
  return values;
}

function verdictOn(truth: Truth, named: (node: number) => boolean) {
  let missed = 0;
  let wrong = 0;
  for (let node = 0; node < truth.nodes; node += 1) {
    if (truth.bad[node] === 1) missed += named(node) ? 0 : 1;
    else wrong += named(node) ? 1 : 0;
  }
  return { missed, false: wrong };
}

/** As the judge does it: sigma on one matching run twice, which is a screen too; then rounds by the formula. */
function screenAndConfirm(truth: Truth, seed: number): Outcome {
  const { nodes, loss } = truth;
  const random = stream(seed, 'ours');
  const suspects = new Uint8Array(nodes);
  const first = randomMatching(nodes, random);
  const one = round(truth, first.pairs);
  const two = round(truth, first.pairs);
  const sigma = pairSigma(one, two);
  const distance = loss / sigma;
  const values = one.map((value, at) => (value + (two[at] as number)) / 2);
  let expected = expectations({ values });
  screenPairs(first.pairs, shortfalls({ values }, expected), loss / 2, suspects);
  const size = { nodes, faults: Math.max(1, ASSUMED * nodes), distance };
  const chosen = chooseRounds(size, WANTED, upperTail(distance / Math.SQRT2)) ?? {
    screen: 8,
    confirm: 8,
  };
  for (let at = 0; at < chosen.screen; at += 1) {
    const { pairs } = randomMatching(nodes, random, first.bye);
    const results = { values: round(truth, pairs) };
    expected = expectations(results);
    screenPairs(pairs, shortfalls(results, expected), loss / 2, suspects);
  }
  const everyone = Int32Array.from({ length: nodes }, (_, at) => at);
  const own = everyone.filter((node) => suspects[node] === 1);
  const cleared = everyone.filter((node) => suspects[node] === 0);
  const level = expected.get(0) ?? 0;
  const place = new Int32Array(nodes).fill(-1);
  for (const [at, node] of own.entries()) place[node] = at;
  const had = Array.from(own, () => new Set<number>());
  const short = Array.from(own, (): number[] => []);
  const wave = cleared.length;
  let waves = 1;
  for (let at = 0; at < chosen.confirm; at += 1) {
    // More suspects than cleared partners: they take turns, and each turn is a round.
    waves = Math.max(1, Math.ceil(own.length / Math.max(1, wave)));
    for (let turn = 0; turn < waves; turn += 1) {
      const now = own.slice(turn * wave, (turn + 1) * wave);
      const partners = confirmPartners(now, cleared, random, (suspect, partner) =>
        (had[place[suspect] as number] as Set<number>).has(partner),
      );
      for (const [i, partner] of partners.entries()) {
        const node = now[i] as number;
        if (partner < 0) continue;
        had[place[node] as number]?.add(partner);
        const faulty = truth.bad[node] === 1 || truth.bad[partner] === 1;
        short[place[node] as number]?.push(level - truth.measure(faulty));
      }
    }
  }
  const named = (node: number) => {
    const at = place[node] as number;
    return at >= 0 && confirmed(short[at] as number[], loss / 2);
  };
  return {
    sigmaRounds: SIGMA_ROUNDS,
    rounds: chosen.screen + chosen.confirm * waves,
    sigma,
    ...verdictOn(truth, named),
  };
}

/** SuperBench's pair-wise pattern: every pair once; a node is at fault if its median result is. */
function allPairs(truth: Truth): Outcome {
  const { nodes, loss } = truth;
  const rounds = roundsOfAll(nodes);
  const slow = new Int32Array(nodes);
  const level = LEVEL;
  for (let at = 0; at < rounds; at += 1) {
    const { pairs } = roundRobin(nodes, at);
    const values = round(truth, pairs);
    for (let pair = 0; pair < values.length; pair += 1) {
      if ((values[pair] as number) >= level - loss / 2) continue;
      const one = pairs[2 * pair] as number;
      const other = pairs[2 * pair + 1] as number;
      slow[one] = (slow[one] as number) + 1;
      slow[other] = (slow[other] as number) + 1;
    }
  }
  const named = (node: number) => 2 * (slow[node] as number) > rounds;
  return { sigmaRounds: 0, rounds, ...verdictOn(truth, named) };
}

/** Recursive bisection as the field does it: a slow group is halved, all groups of a level at once, down to one node. */
function bisection(truth: Truth): Outcome {
  const { nodes, bad, loss, measure } = truth;
  const named = new Set<number>();
  let rounds = 0;
  let groups: [number, number][] = [[0, nodes]];
  while (groups.length > 0) {
    rounds += 1;
    const next: [number, number][] = [];
    for (const [from, to] of groups) {
      if (measure(bad.subarray(from, to).includes(1)) >= LEVEL - loss / 2) continue;
      if (to - from === 1) named.add(from);
      else {
        const middle = (from + to) >> 1;
        next.push([from, middle], [middle, to]);
      }
    }
    groups = next;
  }
  return { sigmaRounds: 0, rounds, ...verdictOn(truth, (node) => named.has(node)) };
}
