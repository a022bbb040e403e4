/** How long a simulated process takes: nothing sleeps, the figure is only said. */
import type { PlacedStep } from '../model.ts';
import { momentOf } from './faults.ts';
import type { Noise } from './noise.ts';
import type { SimOptions } from './options.ts';

/** Seconds on a node of eight GPUs, by what the payloads wait for; cases by their beginning, longest first. */
const TYPICAL: Readonly<Record<string, number>> = {
  inventory: 9,
  'matmul.gemm': 41,
  'matmul.soak': 900,
  'matmul.memory': 38,
  'matmul.transfer': 318,
  matmul: 45,
  nccl: 24,
  inference: 80,
};
const SPREAD = 0.06;

/** Seconds from start to end, log-normal around the case's own; never past the step's limit. */
export function duration(
  step: PlacedStep,
  node: string,
  options: SimOptions,
  draws: Noise,
): number {
  const typical = typicalOf(step.case, options) ?? step.limit / 4;
  // Ranks of one attempt wait for each other; a node is itself a little faster or slower to start.
  const { measured } = momentOf(step.attempt);
  const trial = draws.under(`${measured}|`);
  const together = trial.standard('duration', 'normal');
  const alone = trial.standard(`${node}|duration`, 'normal');
  return Math.min(step.limit, typical * Math.exp(SPREAD * together) + Math.abs(alone));
}

/** Case → what it takes: a large fleet asks for each thousands of times. */
const typicals = new WeakMap<SimOptions, Map<string, number | undefined>>();

function typicalOf(of: string, options: SimOptions): number | undefined {
  const known = typicals.get(options) ?? new Map<string, number | undefined>();
  typicals.set(options, known);
  if (known.has(of)) return known.get(of);
  const table: Readonly<Record<string, number>> = { ...TYPICAL, ...options.durations };
  const [longest] = Object.keys(table)
    .filter((one) => of.startsWith(one))
    .sort((a, b) => b.length - a.length);
  const typical = longest === undefined ? undefined : table[longest];
  known.set(of, typical);
  return typical;
}
