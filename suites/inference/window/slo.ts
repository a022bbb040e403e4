/** Service levels: bounds that a request must keep, all of them, to be good. */
import type { RequestRow } from './row.ts';
import { requestTimes } from './request-times.ts';

/** Bounds in seconds; an absent one does not bind. */
export interface Slo {
  readonly ttft?: number;
  readonly tpot?: number;
  readonly e2e?: number;
}

/** MLPerf Inference's Server and Interactive limits at p99, s. */
const MLPERF = 'mlcommons/inference loadgen/mlperf.conf (ttft_latency, tpot_latency; p99)';

/** Presets by name, with where they are written. */
export const SLO_PRESETS: Readonly<Record<string, Slo & { readonly source: string }>> = {
  'llama2-70b-server': { ttft: 2, tpot: 0.2, source: MLPERF },
  'llama2-70b-interactive': { ttft: 0.45, tpot: 0.04, source: MLPERF },
  'llama3.1-405b-server': { ttft: 6, tpot: 0.175, source: MLPERF },
  'llama3.1-405b-interactive': { ttft: 4.5, tpot: 0.08, source: MLPERF },
  'llama3.1-8b-server': { ttft: 2, tpot: 0.1, source: MLPERF },
  'llama3.1-8b-interactive': { ttft: 0.5, tpot: 0.03, source: MLPERF },
  'deepseek-r1-server': { ttft: 2, tpot: 0.08, source: MLPERF },
  'deepseek-r1-interactive': { ttft: 1.5, tpot: 0.015, source: MLPERF },
};

/** Whether a request kept every bound; one that failed, or whose tokens came all at once, did not. */
export function isGood(row: RequestRow, slo: Slo): boolean {
  const times = requestTimes(row);
  if (times === undefined) return false;
  if (slo.ttft !== undefined && !(times.ttft <= slo.ttft)) return false;
  if (slo.e2e !== undefined && !(times.e2e <= slo.e2e)) return false;
  if (slo.tpot === undefined) return true;
  // A single token has no time between tokens; several in one chunk hide theirs.
  if (times.tpot === undefined) return (row.usage ?? row.chunks) < 2;
  return times.tpot <= slo.tpot;
}
