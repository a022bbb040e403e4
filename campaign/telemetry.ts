/** Telemetry of one attempt, a row a field: the single readings stay in the evidence. */
import type { JudgedReading } from '../verdicts/model.ts';
import type { TelemetryRow } from './directory/model.ts';

/** Rows in the order of node, accelerator and field. */
export function telemetryRows(
  attempt: string,
  readings: readonly JudgedReading[],
): readonly TelemetryRow[] {
  const series = new Map<string, { readonly of: Telemetry; readonly values: number[] }>();
  for (const reading of readings) {
    if (reading.kind !== 'telemetry') continue;
    const key = `${reading.node}\n${reading.accelerator ?? ''}\n${reading.field}`;
    const one = series.get(key) ?? { of: reading, values: [] };
    one.values.push(reading.value);
    series.set(key, one);
  }
  return [...series.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { of, values }]) => {
      const sorted = Float64Array.from(values).sort();
      return {
        attempt,
        node: of.node,
        ...(of.accelerator !== undefined && { accelerator: of.accelerator }),
        field: of.field,
        n: sorted.length,
        min: sorted[0] as number,
        median: middle(sorted),
        max: sorted[sorted.length - 1] as number,
      };
    });
}

type Telemetry = Extract<JudgedReading, { kind: 'telemetry' }>;

function middle(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
