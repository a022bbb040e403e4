/** guidellm's JSON report: several benchmarks. Definitions: guidellm schemas/{request_stats,statistics}.py. */
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

const TOOL = 'guidellm';
const WHAT = 'the JSON report of guidellm (--output kind=json)';

/** Its figure → unit and factor to it. None has our definition: percentiles are inverse CDFs, token-weighted ones too. */
const FIGURES: Readonly<Record<string, readonly [unit: string, factor: number]>> = {
  time_to_first_token_ms: ['s', 1e-3],
  time_per_output_token_ms: ['s', 1e-3],
  inter_token_latency_ms: ['s', 1e-3],
  request_latency: ['s', 1],
  requests_per_second: ['req/s', 1],
  output_tokens_per_second: ['tok/s', 1],
};

const CDF = 'its percentiles are inverse CDFs over tokens, ours type 7 over requests';
const DIFFERENCES: Differences = {
  'inference.endpoint.ttft':
    'its clock starts with the request, ours at the scheduled moment (it is guidellm.time_to_first_token_ms)',
  'inference.endpoint.tpot_excl_ttft': `its TPOT includes TTFT: (last − start) / tokens (it is guidellm.time_per_output_token_ms); its ITL leaves TTFT out, but ${CDF}`,
  'inference.endpoint.itl': `its ITL is (last − first) / (tokens − 1) of a request, and ${CDF}`,
  'inference.endpoint.chunk_gap': 'it has no gaps between chunks',
  'inference.endpoint.e2e':
    'its clock starts with the request and ends with it (it is guidellm.request_latency)',
  'inference.endpoint.output-throughput': 'its rates are means over pieces of the run',
};

/**
 * @throws {HarnessError} OUTPUT_UNREADABLE where it is not that tool's, or nothing succeeded: its
 *   distribution of nothing has percentiles of 0.0; UNIT_MISMATCH, see `imported`
 */
export function readGuidellm(text: string, options: ImportOptions): readonly ImportedSample[] {
  const { file } = options;
  const fields = jsonObject(text, file, WHAT);
  const { benchmarks } = fields;
  if (!Array.isArray(benchmarks) || benchmarks.length === 0 || !benchmarks.every(isFields)) {
    throw refused(file, 1, 'no "benchmarks"', `Give ${WHAT}.`);
  }
  const figures = (benchmarks as readonly Fields[]).flatMap((one, run) => of(one, run, text, file));
  return imported(figures, options, TOOL, DIFFERENCES);
}

function of(benchmark: Fields, run: number, text: string, file: string): readonly Figure[] {
  const { metrics } = benchmark;
  if (!isFields(metrics))
    throw refused(file, 1, `benchmark ${run} without metrics`, `Give ${WHAT}.`);
  const totals = isFields(metrics['request_totals']) ? metrics['request_totals'] : {};
  const completed = figureOf(totals, 'successful');
  if (completed === undefined || completed === 0) {
    const message = `benchmark ${run}: not one request succeeded: its 0.0 are no latencies`;
    throw refused(
      file,
      lineOf(text, 'request_totals'),
      message,
      'Look at the server; run it again.',
    );
  }
  const parameters = {
    run,
    completed,
    failed: figureOf(totals, 'errored') ?? 0,
    ...rate(benchmark),
  };
  return Object.entries(FIGURES).flatMap(([name, [unit, factor]]) => {
    const figure = metrics[name];
    const successful = isFields(figure) ? figure['successful'] : undefined;
    if (!isFields(successful) || (figureOf(successful, 'count') ?? 0) === 0) return [];
    const line = lineOf(text, name);
    const told = (value: number | undefined, more: object): Figure[] =>
      value === undefined
        ? []
        : [
            {
              metric: `${TOOL}.${name}`,
              parameters: { ...parameters, ...more },
              value: value * factor,
              unit,
              line,
            },
          ];
    const percentiles = isFields(successful['percentiles']) ? successful['percentiles'] : {};
    return [
      ...told(figureOf(successful, 'mean'), { statistic: 'mean' }),
      ...[50, 90, 95, 99].flatMap((percent) =>
        told(figureOf(percentiles, `p${percent}`), { percentile: percent / 100 }),
      ),
    ];
  });
}

function rate({ config }: Fields): { readonly rate?: number } {
  const strategy = isFields(config) && isFields(config['strategy']) ? config['strategy'] : {};
  const value = figureOf(strategy, 'rate');
  return value === undefined ? {} : { rate: value };
}
