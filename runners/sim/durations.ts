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
  const table = { ...TYPICAL, ...options.durations };
  const known = Object.keys(table)
    .filter((one) => step.case.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  const typical = (known === undefined ? undefined : table[known]) ?? step.limit / 4;
  // Ranks of one attempt wait for each other; a node is itself a little faster or slower to start.
  const { measured } = momentOf(step.attempt);
  const together = draws.standard(`${measured}|duration`, 'normal');
  const alone = draws.standard(`${measured}|${node}|duration`, 'normal');
  return Math.min(step.limit, typical * Math.exp(SPREAD * together) + Math.abs(alone));
}
