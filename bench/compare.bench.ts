/** Two simulated lots 3 % apart: how often the 95 % interval covers it, and how wide it is. */
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { stream } from '../plan/random.ts';
import { compareUnits, type Unit } from '../verdicts/compare/compare-units.ts';
import type { Bench, Row } from './bench.ts';

const SEEDS = 1000;
const APART = 1.03;
/** Standard deviations on the logarithm: between nodes, between parts of a node, within a part. */
const SPREAD = { node: 0.01, part: 0.006, trial: 0.012 };
const LOTS = [
  { nodes: 64, parts: 8, trials: 3 },
  { nodes: 8, parts: 8, trials: 3 },
  { nodes: 4, parts: 1, trials: 1 },
];

/** `--seeds N` for fewer. */
export const bench: Bench = async (words) => {
  const at = words.indexOf('--seeds');
  const seeds = at < 0 ? SEEDS : Number(words[at + 1]);
  return LOTS.flatMap((lot) => rowsOf(lot, seeds));
};

function rowsOf(lot: (typeof LOTS)[number], seeds: number): Row[] {
  let covered = 0;
  let width = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const random = stream(seed, 'compare');
    const effect = compareUnits(units(lot, 1, 'a', random), units(lot, APART, 'b', random), 0.95);
    const [low, high] = effect?.interval ?? [NaN, NaN];
    if (low <= APART && APART <= high) covered += 1;
    width += Math.log(high / low) / seeds;
  }
  const { nodes, parts, trials } = lot;
  const variance =
    SPREAD.node ** 2 + SPREAD.part ** 2 / parts + SPREAD.trial ** 2 / (parts * trials);
  const theory = 2 * tQuantile(0.975, 2 * nodes - 2) * Math.sqrt((2 * variance) / nodes);
  const name = `2 × ${nodes} nodes × ${parts} parts × ${trials} trials`;
  return [
    {
      figure: `${name}: 95 % interval covers 3 %, share of ${seeds} seeds`,
      measured: `${((covered / seeds) * 100).toFixed(1)} %`,
      target: '93–97 %',
      met: covered / seeds >= 0.93 && covered / seeds <= 0.97,
    },
    {
      figure: `${name}: mean width against theory`,
      measured: (width / theory).toFixed(3),
      peer: `${(theory * 100).toFixed(2)} % wide (Student, equal variances)`,
      target: '0.9–1.1',
      met: Math.abs(width / theory - 1) <= 0.1,
    },
  ];
}

function units(
  { nodes, parts, trials }: (typeof LOTS)[number],
  level: number,
  name: string,
  random: () => number,
): Unit[] {
  const noise = (sigma: number) => normalQuantile(Math.max(random(), 1e-12), 0, sigma);
  return Array.from({ length: nodes }, (_, at) => {
    const node = noise(SPREAD.node);
    return {
      id: `${name}${at}`,
      parts: Array.from({ length: parts }, (_one, place) => {
        const part = noise(SPREAD.part);
        const values = Array.from(
          { length: trials },
          () => 700e12 * level * Math.exp(node + part + noise(SPREAD.trial)),
        );
        return { id: String(place), values };
      }),
    };
  });
}
