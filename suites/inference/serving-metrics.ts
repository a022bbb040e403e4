/** What a loaded server is measured by. Definitions: STATISTICS.md 6.4; other tools' differ under the same name. */
import type { Metric } from '../model.ts';

const ms = { unit: 'ms', factor: 1e3, digits: 1 };
const tokens = { unit: 'tok/s', factor: 1, digits: 1 };
const requests = { unit: 'req/s', factor: 1, digits: 2 };
const share = { unit: '%', factor: 100, digits: 2 };
const FAILED = 'a failed request counts as the time-out, or as long as it took';

function time(name: string, source: string): Metric {
  return { id: `inference.endpoint.${name}`, unit: 's', display: ms, better: 'lower', source };
}

function rate(name: string, unit: string, display: Metric['display'], source: string): Metric {
  return { id: `inference.endpoint.${name}`, unit, display, better: 'higher', source };
}

/** Percentiles are type 7 over the requests of one window; parameters are on the samples. */
export const servingMetrics: readonly Metric[] = [
  time('ttft', `first chunk with text − scheduled moment; ${FAILED}`),
  time('e2e', `last chunk with text − scheduled moment; ${FAILED}`),
  time(
    'tpot_excl_ttft',
    `(e2e − ttft) / (tokens − 1), as vLLM and MLPerf define TPOT; guidellm’s includes TTFT; ${FAILED}`,
  ),
  time('chunk_gap', 'between two chunks with text, pooled over requests (vLLM’s ITL), to 0.5 %'),
  time(
    'itl',
    'chunk gap / tokens of the chunk (spread evenly over a request’s chunks), pooled over tokens, to 0.5 %',
  ),
  rate('output-throughput', 'tok/s', tokens, 'output tokens / first scheduled moment to last end'),
  rate('throughput-per-accelerator', 'tok/s', tokens, 'output throughput / accelerators behind it'),
  rate(
    'throughput-per-node',
    'tok/s',
    { unit: 'tok/node-hour', factor: 3600, digits: 0 },
    'output throughput / nodes behind it',
  ),
  rate('request-throughput', 'req/s', requests, 'answered requests / same time'),
  rate('goodput', 'req/s', requests, 'requests that kept every bound of the SLO / same time'),
  rate('good-share', '1', share, 'requests that kept every bound of the SLO / requests'),
  rate('answered-share', '1', share, 'requests that ended properly / requests'),
  rate(
    'sustained-rate',
    'req/s',
    requests,
    'highest Poisson rate that keeps the SLO: middle of a 95 % interval, its ends are min and max',
  ),
];
