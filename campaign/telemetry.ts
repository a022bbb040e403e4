/** Telemetry of one attempt, a row a field: the single readings stay in the evidence. */
import type { JudgedReading } from '../verdicts/model.ts';
import type { TelemetryRow } from './directory/model.ts';

/** Field → its value, or its values where there are several. */
type Fields = Map<string, number | number[]>;

/** Rows in the order of node, accelerator and field. */
export function telemetryRows(
  attempt: string,
  readings: readonly JudgedReading[],
): readonly TelemetryRow[] {
  // Keys in levels, not joined: a large fleet has millions of rows, most of one value.
  const nodes = new Map<string, Map<string, Fields>>();
  let last: Telemetry | undefined;
  let fields: Fields = new Map();
  for (const reading of readings) {
    if (reading.kind !== 'telemetry') continue;
    if (last?.node !== reading.node || last.accelerator !== reading.accelerator) {
      fields = fieldsOf(nodes, reading);
      last = reading;
    }
    const { field, value } = reading;
    const known = fields.get(field);
    if (known === undefined) fields.set(field, value);
    else if (typeof known === 'number') fields.set(field, [known, value]);
    else known.push(value);
  }
  const rows: TelemetryRow[] = [];
  for (const node of sortedKeys(nodes)) {
    const parts = nodes.get(node) as Map<string, Fields>;
    for (const accelerator of sortedKeys(parts)) {
      const own = parts.get(accelerator) as Fields;
      for (const field of sortedKeys(own)) {
        rows.push(rowOf(attempt, node, accelerator, field, own.get(field) as number | number[]));
      }
    }
  }
  return rows;
}

/** @returns where a part's values go; '' stands for the node itself */
function fieldsOf(
  nodes: Map<string, Map<string, Fields>>,
  { node, accelerator = '' }: Telemetry,
): Fields {
  const parts = nodes.get(node) ?? new Map<string, Fields>();
  nodes.set(node, parts);
  const fields: Fields = parts.get(accelerator) ?? new Map();
  parts.set(accelerator, fields);
  return fields;
}

/** Names as they were met, and sorted: nearly all parts of a fleet have the same, met in the same order. */
let latest: { readonly met: readonly string[]; readonly sorted: readonly string[] } = {
  met: [],
  sorted: [],
};

function sortedKeys(of: ReadonlyMap<string, unknown>): Iterable<string> {
  if (of.size === 1) return of.keys();
  if (!areMet(of)) {
    const met = [...of.keys()];
    latest = { met, sorted: [...met].sort() };
  }
  return latest.sorted;
}

function areMet(of: ReadonlyMap<string, unknown>): boolean {
  if (of.size !== latest.met.length) return false;
  let at = 0;
  for (const key of of.keys()) {
    if (latest.met[at] !== key) return false;
    at += 1;
  }
  return true;
}

function rowOf(
  attempt: string,
  node: string,
  accelerator: string,
  field: string,
  value: number | readonly number[],
): TelemetryRow {
  const row: { -readonly [K in keyof TelemetryRow]: TelemetryRow[K] } =
    typeof value === 'number'
      ? { attempt, node, field, n: 1, min: value, median: value, max: value }
      : { attempt, node, field, ...spread(Float64Array.from(value).sort()) };
  if (accelerator !== '') row.accelerator = accelerator;
  return row;
}

function spread(sorted: Float64Array) {
  const [min = Number.NaN] = sorted;
  return { n: sorted.length, min, median: middle(sorted), max: sorted.at(-1) ?? min };
}

type Telemetry = Extract<JudgedReading, { kind: 'telemetry' }>;

function middle(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
