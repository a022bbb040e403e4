/** What matmul measures. */
import type { Metric } from '../model.ts';

const flops = { unit: 'TFLOP/s', factor: 1e-12, digits: 1 };
const bytes = { unit: 'GB/s', factor: 1e-9, digits: 1 };

/** A sweep of every metric; parameters are on the samples. */
export const metrics: readonly Metric[] = [
  {
    id: 'matmul.gemm.throughput',
    unit: 'FLOP/s',
    display: flops,
    better: 'higher',
    source:
      '2·m·n·k / time of N(0,1) products; sustained: over the window under full load, after it is ' +
      'steady; boost: median of the 5 fastest after idling (STATISTICS.md 6.3)',
  },
  {
    id: 'matmul.soak.throughput',
    unit: 'FLOP/s',
    display: flops,
    better: 'higher',
    source: '2·m·n·k / time over the whole soak',
  },
  {
    id: 'matmul.soak.retention',
    unit: '1',
    display: { unit: '%', factor: 100, digits: 1 },
    better: 'higher',
    source:
      'rate of the last 10 minutes of the soak over that of its first 10 (a quarter if shorter)',
  },
  {
    id: 'matmul.memory.bandwidth',
    unit: 'B/s',
    display: bytes,
    better: 'higher',
    source: '2·bytes / time of a copy inside the device memory: each byte is read and written',
  },
  {
    id: 'matmul.transfer.bandwidth',
    unit: 'B/s',
    display: bytes,
    better: 'higher',
    source: 'bytes / time of a copy between pinned host memory and the device',
  },
];

/** Truths: one false fails the part. */
export const checks: readonly string[] = [
  'matmul.gemm.correct',
  'matmul.gemm.reference',
  'matmul.gemm.digest',
  'matmul.memory.correct',
  'matmul.transfer.correct',
];
