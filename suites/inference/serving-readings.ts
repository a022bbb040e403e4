/** A window's figures as readings: one value a metric, each with the line of its window. */
import type { Node } from '../../runners/model.ts';
import type { ValueReading } from '../expectations.ts';
import type { Case, Line } from '../model.ts';
import type { Histogram } from './window/histogram.ts';
import { percentileOf, pooledPercentile, type WindowFigures } from './window/measure.ts';
import type { Slo } from './window/slo.ts';

/** Whom the readings are about, and where they were read. */
export interface About {
  readonly nodes: readonly Node[];
  readonly subject: Extract<ValueReading['subject'], { kind: 'endpoint' }>;
  readonly at: Line;
}

/** Only what the case gives, and only what has requests enough: the rest is missing, not 0. */
export function windowReadings(
  of: Case,
  figures: WindowFigures,
  gaps: { readonly chunkGaps: Histogram; readonly tokenGaps: Histogram },
  slo: Slo,
  { nodes, subject, at }: About,
): readonly ValueReading[] {
  const checks = checksOf(figures);
  return of.gives.flatMap(({ metric, parameters = of.parameters }): ValueReading[] => {
    const check = checks[metric];
    if (check !== undefined) {
      return [{ kind: 'check', subject, name: metric, parameters, ...check, at }];
    }
    const name = metric.slice('inference.endpoint.'.length);
    const { percentile } = parameters;
    const value =
      typeof percentile === 'number'
        ? tail(name, percentile, figures, gaps)
        : figure(name, figures, nodes);
    if (value === undefined || !Number.isFinite(value)) return [];
    const tally = tallyOf(name, figures, slo);
    const sample = { kind: 'sample', metric, subject, parameters, value } as const;
    return [{ ...sample, ...(tally && typeof percentile === 'number' && { tally }), at }];
  });
}

function tail(
  name: string,
  percentile: number,
  { ttft, e2e, tpot }: WindowFigures,
  { chunkGaps, tokenGaps }: { readonly chunkGaps: Histogram; readonly tokenGaps: Histogram },
): number | undefined {
  switch (name) {
    case 'ttft':
      return percentileOf(ttft, percentile);
    case 'e2e':
      return percentileOf(e2e, percentile);
    case 'tpot_excl_ttft':
      return percentileOf(tpot, percentile);
    case 'chunk_gap':
      return pooledPercentile(chunkGaps, percentile);
    case 'itl':
      return pooledPercentile(tokenGaps, percentile);
    default:
      return undefined;
  }
}

function figure(name: string, figures: WindowFigures, nodes: readonly Node[]): number | undefined {
  const { of, failed, good, seconds, outputTokens: tokens } = figures;
  const accelerators = nodes.reduce((sum, node) => sum + node.accelerators.length, 0);
  switch (name) {
    case 'output-throughput':
      return tokens / seconds;
    case 'throughput-per-accelerator':
      return accelerators === 0 ? undefined : tokens / seconds / accelerators;
    case 'throughput-per-node':
      return tokens / seconds / nodes.length;
    case 'request-throughput':
      return (of - failed) / seconds;
    case 'goodput':
      return good / seconds;
    case 'good-share':
      return good / of;
    case 'answered-share':
      return (of - failed) / of;
    default:
      return undefined;
  }
}

function tallyOf(name: string, { over, of }: WindowFigures, slo: Slo) {
  const bound = name === 'tpot_excl_ttft' ? 'tpot' : name;
  if (bound !== 'ttft' && bound !== 'tpot' && bound !== 'e2e') return undefined;
  const count = over[bound];
  return slo[bound] === undefined || count === undefined ? undefined : { over: count, of };
}

function checksOf({ backlog, usage, unstreamed, of, counted }: WindowFigures) {
  const growth = `requests under way grew by ${backlog.slope.toFixed(3)}/s, TTFT by ${(backlog.ttftSlope * 1e3).toFixed(3)} ms/s`;
  const told = counted
    ? 'the server tells no usage: tokens are chunks'
    : 'usage agrees with the chunks';
  const checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>> = {
    'inference.endpoint.keeps-up': {
      ok: !backlog.saturated,
      detail: `${growth} ${backlog.saturated ? '(saturated)' : ''}`.trim(),
    },
    'inference.endpoint.usage': { ok: usage === undefined, detail: usage ?? told },
    'inference.endpoint.streams': {
      ok: unstreamed === 0,
      detail: `${unstreamed} of ${of} answers came in one chunk`,
    },
  };
  return checks;
}
