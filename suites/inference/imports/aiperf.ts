/** aiperf's profile_export_aiperf.json. Definitions: aiperf/metrics/types/* (STATISTICS.md 6.4). */
import type { ImportedSample, ImportOptions } from '../../import-model.ts';
import {
  figureOf,
  imported,
  isFields,
  jsonObject,
  lineOf,
  refused,
  type Differences,
  type Fields,
  type Figure,
} from './figures.ts';

const TOOL = 'aiperf';
const WHAT = 'the profile_export_aiperf.json that aiperf writes';

/** Its latencies in ms; ours where the definition is ours and nothing failed. */
const LATENCIES: Readonly<Record<string, string | undefined>> = {
  time_to_first_token: undefined,
  request_latency: undefined,
  inter_token_latency: 'inference.endpoint.tpot_excl_ttft',
  inter_chunk_latency: 'inference.endpoint.chunk_gap',
};
const RATES: Readonly<Record<string, string>> = {
  request_throughput: 'req/s',
  output_token_throughput: 'tok/s',
  total_token_throughput: 'tok/s',
};

const FAILED = 'its failed requests are left out, ours count as the time-out';
const DIFFERENCES: Differences = {
  'inference.endpoint.ttft':
    'its clock starts when the request does, ours at the scheduled moment (it is aiperf.time_to_first_token)',
  'inference.endpoint.e2e':
    'its clock starts when the request does and ends with the last response (it is aiperf.request_latency)',
  'inference.endpoint.itl':
    'its inter_token_latency is (latency − TTFT) / (tokens − 1): inference.endpoint.tpot_excl_ttft',
  'inference.endpoint.tpot_excl_ttft': FAILED,
  'inference.endpoint.chunk_gap': FAILED,
  'inference.endpoint.output-throughput':
    'its time runs from the first request to the last response (it is aiperf.output_token_throughput)',
};

/**
 * @throws {HarnessError} OUTPUT_UNREADABLE where it is not that tool's, or no request was counted;
 *   UNIT_MISMATCH, see `imported`
 */
export function readAiperf(text: string, options: ImportOptions): readonly ImportedSample[] {
  const { file } = options;
  const fields = jsonObject(text, file, WHAT);
  const completed = averageOf(fields, 'request_count');
  if (completed === undefined) throw refused(file, 1, 'no "request_count"', `Give ${WHAT}.`);
  if (completed === 0) {
    const message = 'not one request completed: there are no latencies';
    throw refused(
      file,
      lineOf(text, 'request_count'),
      message,
      'Look at the server; run it again.',
    );
  }
  const failed = averageOf(fields, 'error_request_count') ?? 0;
  const parameters = { completed, failed };
  const latencies = Object.entries(LATENCIES).flatMap(([name, ours]) => {
    const figure = fields[name];
    if (!isFields(figure)) return [];
    if (figure['unit'] !== 'ms') {
      throw refused(file, lineOf(text, name), `${name} is not in ms`, `Give ${WHAT}.`);
    }
    const metric = ours !== undefined && failed === 0 ? ours : `${TOOL}.${name}`;
    return statistics(figure).map(([statistic, value]): Figure => ({
      metric,
      parameters: { ...parameters, ...statistic },
      value: value / 1e3,
      unit: 's',
      line: lineOf(text, name),
    }));
  });
  const rates = Object.entries(RATES).flatMap(([name, unit]): Figure[] => {
    const value = averageOf(fields, name);
    return value === undefined
      ? []
      : [{ metric: `${TOOL}.${name}`, parameters, value, unit, line: lineOf(text, name) }];
  });
  return imported([...latencies, ...rates], options, TOOL, DIFFERENCES);
}

function averageOf(fields: Fields, name: string): number | undefined {
  const figure = fields[name];
  return isFields(figure) ? figureOf(figure, 'avg') : undefined;
}

function statistics(figure: Fields) {
  return (['avg', 'p50', 'p90', 'p95', 'p99'] as const).flatMap((key) => {
    const value = figureOf(figure, key);
    if (value === undefined) return [];
    const statistic =
      key === 'avg' ? { statistic: 'mean' } : { percentile: Number(key.slice(1)) / 100 };
    return [[statistic, value] as const];
  });
}
