/** What inference measures. */
import type { Metric } from '../model.ts';
import { CHECKS } from './serving-cases.ts';
import { servingMetrics } from './serving-metrics.ts';

const tokens = { unit: 'tok/s', factor: 1, digits: 0 };

/** Every metric; parameters are on the samples. */
export const metrics: readonly Metric[] = [
  {
    id: 'inference.prefill.throughput',
    unit: 'tok/s',
    display: tokens,
    better: 'higher',
    source: 'prompt tokens / time of full passes, an accelerator (a replica over its tp devices)',
  },
  {
    id: 'inference.decode.throughput',
    unit: 'tok/s',
    display: tokens,
    better: 'higher',
    source: 'sequences / time of a greedy step from the cache, an accelerator (a replica over tp)',
  },
  {
    id: 'inference.first-token.time',
    unit: 's',
    display: { unit: 'ms', factor: 1e3, digits: 1 },
    better: 'lower',
    source: 'median of 5 passes over one prompt up to its first token, nothing else running',
  },
  ...servingMetrics,
];

/** Truths: one false fails the part. */
export const checks: readonly string[] = [
  'inference.logits.correct',
  'inference.tokens.digest',
  ...CHECKS,
];
