/** `vllm bench serve --save-result`: one JSON object. Definitions: vllm/benchmarks/serve.py (STATISTICS.md 6.4). */
import type { Parameters } from '../../../plan/model.ts';
import type { ImportedSample, ImportOptions } from '../../import-model.ts';
import {
  figureOf,
  imported,
  jsonObject,
  lineOf,
  refused,
  type Differences,
  type Fields,
  type Figure,
} from './figures.ts';

const TOOL = 'vllm-bench';
const WHAT = 'the JSON that `vllm bench serve --save-result` writes';

/** Its latency → our name where it is defined alike and nothing failed, else its own. */
const LATENCIES = {
  ttft: { own: 'ttft', ours: undefined },
  tpot: { own: 'tpot', ours: 'inference.endpoint.tpot_excl_ttft' },
  itl: { own: 'itl', ours: 'inference.endpoint.chunk_gap' },
  e2el: { own: 'e2el', ours: undefined },
} as const;

const DIFFERENCES: Differences = {
  'inference.endpoint.ttft':
    'its clock starts just before the POST, after the wait for a slot; ours at the scheduled moment (it is vllm-bench.ttft)',
  'inference.endpoint.e2e':
    'its clock starts just before the POST, after the wait for a slot; ours at the scheduled moment (it is vllm-bench.e2el)',
  'inference.endpoint.itl':
    'its ITL is the gap between chunks, whatever tokens they carry: inference.endpoint.chunk_gap',
  'inference.endpoint.tpot_excl_ttft':
    'its failed requests are left out, ours count as the time-out (it is vllm-bench.tpot)',
  'inference.endpoint.chunk_gap': 'its failed requests are left out (it is vllm-bench.itl)',
  'inference.endpoint.output-throughput':
    'its time runs from the first loop to the last answer gathered (it is vllm-bench.output_throughput)',
};

/**
 * @throws {HarnessError} OUTPUT_UNREADABLE where it is not that tool's, or not one request completed: the
 *   tool prints 0 ms then; UNIT_MISMATCH, see `imported`
 */
export function readVllmBench(text: string, options: ImportOptions): readonly ImportedSample[] {
  const fields = jsonObject(text, options.file, WHAT);
  return imported(vllmFigures(fields, text, options.file), options, TOOL, DIFFERENCES);
}

function vllmFigures(fields: Fields, text: string, file: string): readonly Figure[] {
  const completed = figureOf(fields, 'completed');
  const asked = figureOf(fields, 'num_prompts');
  if (completed === undefined || figureOf(fields, 'mean_ttft_ms') === undefined) {
    throw refused(file, 1, 'no "completed" and "mean_ttft_ms"', `Give ${WHAT}.`);
  }
  if (completed === 0) {
    const message = 'not one request completed: its 0 ms are no latencies';
    throw refused(file, lineOf(text, 'completed'), message, 'Look at the server; run it again.');
  }
  const failed =
    figureOf(fields, 'failed') ?? (asked === undefined ? undefined : asked - completed);
  const parameters: Parameters = {
    completed,
    ...(failed !== undefined && { failed }),
    ...textOf(fields, 'backend'),
    ...rateOf(fields),
    ...numberOf(fields, 'max_concurrency'),
  };
  const latencies = Object.entries(LATENCIES).flatMap(([key, { own, ours }]) =>
    Object.keys(fields).flatMap((name): Figure[] => {
      const statistic = statisticOf(name, `_${key}_ms`);
      const value = figureOf(fields, name);
      if (statistic === undefined || value === undefined) return [];
      const metric = ours !== undefined && failed === 0 ? ours : `${TOOL}.${own}`;
      const line = lineOf(text, name);
      return [
        {
          metric,
          parameters: { ...parameters, ...statistic },
          value: value / 1e3,
          unit: 's',
          line,
        },
      ];
    }),
  );
  const rates = (
    ['request_throughput', 'output_throughput', 'total_token_throughput'] as const
  ).flatMap((name): Figure[] => {
    const value = figureOf(fields, name);
    const unit = name === 'request_throughput' ? 'req/s' : 'tok/s';
    return value === undefined
      ? []
      : [{ metric: `${TOOL}.${name}`, parameters, value, unit, line: lineOf(text, name) }];
  });
  return [...latencies, ...rates];
}

/** mean, median, p99 … before a suffix; a deviation is no latency. */
export function statisticOf(name: string, suffix: string): Parameters | undefined {
  if (!name.endsWith(suffix)) return undefined;
  const word = name.slice(0, -suffix.length);
  if (word === 'mean') return { statistic: 'mean' };
  if (word === 'median') return { percentile: 0.5 };
  const percent = /^p(\d{1,2}(?:\.\d+)?)$/u.exec(word)?.[1];
  return percent === undefined
    ? undefined
    : { percentile: Number((Number(percent) / 100).toFixed(6)) };
}

function textOf(fields: Fields, key: string): Parameters {
  const value = fields[key];
  return typeof value === 'string' ? { [key]: value.slice(0, 100) } : {};
}

function numberOf(fields: Fields, key: string): Parameters {
  const value = figureOf(fields, key);
  return value === undefined ? {} : { [key]: value };
}

/** "inf" is a rate too: all at once. */
function rateOf(fields: Fields): Parameters {
  const value = fields['request_rate'];
  return typeof value === 'number' || typeof value === 'string' ? { request_rate: value } : {};
}
