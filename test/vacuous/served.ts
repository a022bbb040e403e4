/** A simulated endpoint on each node, with a TTFT that good servers keep. */
import type { Blocks } from './small-fleet.ts';

export const SERVED: Blocks = {
  suites:
    "inference: { mode: endpoint, serving: { url: 'http://{address}:8000', output: 4, rates: [100 req/s], settle: 1 s, window: 7 s, slo: { ttft: 200 ms } } }",
  criteria: `
  - { id: ttft, metric: inference.endpoint.ttft, where: { percentile: 0.99 }, per: endpoint, decide: tail, at-most: 200 ms, source: contract }`,
  values:
    '[{ metric: inference.endpoint.ttft, value: 120 ms }, { metric: inference.endpoint.tpot_excl_ttft, value: 20 ms }]',
};
