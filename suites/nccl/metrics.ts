/** What the suite measures. */
import type { Metric } from '../model.ts';
import { COLLECTIVES } from './collectives.ts';
import { KNOB_METRIC } from './knob-names.ts';
import { PROVED } from './transport/proof.ts';

const BANDWIDTH = { unit: 'GB/s', factor: 1e-9, digits: 2 } as const;

/** Three for each collective: bus and algorithm bandwidth, and the time that both come from. */
const figures: readonly Metric[] = COLLECTIVES.flatMap((collective): Metric[] => [
  {
    id: `nccl.${collective}.busbw`,
    unit: 'B/s',
    display: BANDWIDTH,
    better: 'higher',
    source:
      'algbw × the factor of nccl-tests doc/PERFORMANCE.md: all_reduce 2(n−1)/n; all_gather, ' +
      'reduce_scatter, alltoall (n−1)/n; broadcast, sendrecv 1',
  },
  {
    id: `nccl.${collective}.algbw`,
    unit: 'B/s',
    display: BANDWIDTH,
    better: 'higher',
    source:
      'size ÷ time (nccl-tests doc/PERFORMANCE.md); size of the total array where it is split',
  },
  {
    id: `nccl.${collective}.time`,
    unit: 's',
    display: { unit: 'µs', factor: 1e6, digits: 1 },
    better: 'lower',
    source: 'mean over the iterations of a trial on the slowest rank',
  },
]);

export const metrics: readonly Metric[] = [
  ...figures,
  {
    id: KNOB_METRIC,
    unit: 'B/s',
    display: BANDWIDTH,
    better: 'higher',
    source: 'busbw of the collective, in pairs of runs that differ in one setting',
  },
];

/** Every element of every result compared with what the ranks must have sent. */
export const checks: readonly string[] = [
  ...COLLECTIVES.map((one) => `nccl.${one}.correct`),
  // What the plan claims of the way that bytes take is what was used.
  PROVED,
];
