/** Telemetry of one attempt, a row a field: the single readings stay in the evidence. */
import type { JudgedReading } from '../verdicts/model.ts';
import type { TelemetryRow } from './directory/model.ts';

interface Series {
  readonly key: string;
  readonly of: Telemetry;
  readonly first: number;
  /** From the second value on. */
  rest?: number[];
}

/** Rows in the order of node, accelerator and field. */
export function telemetryRows(
  attempt: string,
  readings: readonly JudgedReading[],
): readonly TelemetryRow[] {
  const series = new Map<string, Series>();
  for (const reading of readings) {
    if (reading.kind !== 'telemetry') continue;
    const key = `${reading.node}\n${reading.accelerator ?? ''}\n${reading.field}`;
    const one = series.get(key);
    if (one === undefined) series.set(key, { key, of: reading, first: reading.value });
    else if (one.rest === undefined) one.rest = [reading.value];
    else one.rest.push(reading.value);
  }
  return [...series.values()]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((one) => rowOf(attempt, one));
}

/** Field by field: a large fleet has millions of rows, most of one value. */
function rowOf(attempt: string, { of, first, rest }: Series): TelemetryRow {
  const sorted = rest && Float64Array.from([first, ...rest]).sort();
  const row: { -readonly [K in keyof TelemetryRow]: TelemetryRow[K] } = {
    attempt,
    node: of.node,
    field: of.field,
    n: sorted?.length ?? 1,
    min: sorted?.[0] ?? first,
    median: sorted === undefined ? first : middle(sorted),
    max: sorted?.at(-1) ?? first,
  };
  if (of.accelerator !== undefined) row.accelerator = of.accelerator;
  return row;
}

type Telemetry = Extract<JudgedReading, { kind: 'telemetry' }>;

function middle(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
