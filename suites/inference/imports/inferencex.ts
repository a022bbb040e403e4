/**
 * A result row of InferenceX (InferenceMAX before): JSON with `tput_per_gpu`, latencies in s, one row or a list.
 * Its numbers are `benchmark_serving.py`'s, which is vLLM's, divided by GPUs (utils/process_result.py).
 */
import type { Parameters } from '../../../plan/model.ts';
import type { ImportedSample, ImportOptions } from '../../import-model.ts';
import {
  figureOf,
  imported,
  isFields,
  lineOf,
  refused,
  type Differences,
  type Fields,
  type Figure,
} from './figures.ts';
import { statisticOf } from './vllm-bench.ts';

const TOOL = 'inferencex';
const WHAT = 'a result row of InferenceX (JSON with "tput_per_gpu")';

const SAID = ['hw', 'device', 'framework', 'precision', 'model', 'conc', 'isl', 'osl', 'tp', 'ep'];
const LATENCIES = ['ttft', 'tpot', 'itl', 'e2el'] as const;
const RATES = ['tput_per_gpu', 'output_tput_per_gpu', 'input_tput_per_gpu'] as const;

const CLOSED = 'it drives a fixed number of requests at once, and tells nothing of failed ones';
const DIFFERENCES: Differences = {
  'inference.endpoint.ttft': `its clock starts just before the POST, and ${CLOSED}`,
  'inference.endpoint.e2e': `its clock starts just before the POST, and ${CLOSED}`,
  'inference.endpoint.tpot_excl_ttft': `its TPOT is vLLM’s, but ${CLOSED} (it is inferencex.tpot)`,
  'inference.endpoint.itl': 'its ITL is the gap between chunks (it is inferencex.itl)',
  'inference.endpoint.chunk_gap': `its ITL is the gap between chunks, but ${CLOSED} (it is inferencex.itl)`,
  'inference.endpoint.throughput-per-accelerator':
    'its tput_per_gpu counts prompt tokens too, and its output figure divides by the decoding GPUs only',
};

/** @throws {HarnessError} OUTPUT_UNREADABLE where it is no such row; UNIT_MISMATCH, see `imported` */
export function readInferencex(text: string, options: ImportOptions): readonly ImportedSample[] {
  const { file } = options;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused(file, 1, 'not JSON', `Give ${WHAT}.`);
  }
  const rows = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  if (rows.length === 0) throw refused(file, 1, 'an empty list', `Give ${WHAT}.`);
  const figures = rows.flatMap((row) => {
    if (!isFields(row) || figureOf(row, 'tput_per_gpu') === undefined) {
      throw refused(file, 1, 'a row without "tput_per_gpu"', `Give ${WHAT}.`);
    }
    return rowFigures(row, text, file);
  });
  return imported(figures, options, TOOL, DIFFERENCES);
}

function rowFigures(row: Fields, text: string, file: string): readonly Figure[] {
  if (!((figureOf(row, 'tput_per_gpu') ?? 0) > 0)) {
    const message = 'a throughput that is not above 0: nothing was measured';
    throw refused(file, lineOf(text, 'tput_per_gpu'), message, 'Run it again.');
  }
  const said = SAID.flatMap((key): [string, string | number][] => {
    const one = row[key];
    if (typeof one === 'string') return [[key, one.slice(0, 100)]];
    return typeof one === 'number' && Number.isFinite(one) ? [[key, one]] : [];
  });
  const parameters: Parameters = Object.fromEntries(said);
  const latencies = LATENCIES.flatMap((key) =>
    Object.keys(row).flatMap((name): Figure[] => {
      const statistic = statisticOf(name, `_${key}`);
      const value = figureOf(row, name);
      if (statistic === undefined || value === undefined) return [];
      const metric = `${TOOL}.${key}`;
      return [
        {
          metric,
          parameters: { ...parameters, ...statistic },
          value,
          unit: 's',
          line: lineOf(text, name),
        },
      ];
    }),
  );
  const rates = RATES.flatMap((name): Figure[] => {
    const value = figureOf(row, name);
    return value === undefined
      ? []
      : [{ metric: `${TOOL}.${name}`, parameters, value, unit: 'tok/s', line: lineOf(text, name) }];
  });
  return [...latencies, ...rates];
}
