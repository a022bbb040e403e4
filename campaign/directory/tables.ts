/** The three tables of a run: samples.parquet, findings.parquet, telemetry.parquet. */
import type { Origin, Parameters, Subject } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Sample } from '../../suites/model.ts';
import type { Finding, Word } from '../../verdicts/model.ts';
import { canonical } from './canonical.ts';
import type { TelemetryRow } from './model.ts';
import type { Column, ReadCell, Row } from './columns.ts';
import type { Table } from './parquet.ts';

const required = (name: string, type: Column['type']): Column => ({ name, type, required: true });
const filtered = (name: string, type: Column['type']): Column => ({
  ...required(name, type),
  statistics: true,
});
const optional = (name: string, type: Column['type']): Column => ({ name, type, required: false });

/** What a row is about: `subject` is the whole of it (JSON); the others are for queries. */
const SUBJECT = [
  required('subject', 'STRING'),
  required('subject_kind', 'STRING'),
  filtered('subject_key', 'STRING'),
  optional('node', 'STRING'),
  optional('accelerator', 'STRING'),
];

/**
 * samples.parquet. `value` in the metric's stored unit (SI base; fleet.json has the metrics);
 * `parameters` is JSON with sorted keys, the common ones are columns too; `window_*` seconds on the
 * node's clock; `iterations_*` for show; `stream`, `sha256`, `line`: where the number was read.
 */
export const sampleTable: Table<Sample> = {
  schema: 'assay/samples/1',
  columns: [
    filtered('metric', 'STRING'),
    filtered('value', 'DOUBLE'),
    required('parameters', 'STRING'),
    optional('dtype', 'STRING'),
    optional('bytes', 'INT64'),
    optional('shape', 'STRING'),
    optional('mode', 'STRING'),
    optional('scope', 'STRING'),
    ...SUBJECT,
    required('attempt', 'STRING'),
    optional('iterations_n', 'INT64'),
    optional('iterations_min', 'DOUBLE'),
    optional('iterations_median', 'DOUBLE'),
    optional('iterations_max', 'DOUBLE'),
    optional('tally_over', 'INT64'),
    optional('tally_of', 'INT64'),
    optional('window_start', 'DOUBLE'),
    optional('window_end', 'DOUBLE'),
    required('origin', 'STRING'),
    required('stream', 'STRING'),
    required('sha256', 'STRING'),
    required('line', 'INT64'),
  ],
  encode(sample) {
    const { parameters, iterations, tally, window, evidence } = sample;
    const [subject, kind, key, node, accelerator] = subjectCells(sample.subject);
    return [
      sample.metric,
      sample.value,
      spelled(parameters),
      text(parameters['dtype']),
      whole(parameters['bytes']),
      text(parameters['shape']),
      text(parameters['mode']),
      text(parameters['scope']),
      subject,
      kind,
      key,
      node,
      accelerator,
      sample.attempt,
      whole(iterations?.n),
      iterations?.min,
      iterations?.median,
      iterations?.max,
      whole(tally?.over),
      whole(tally?.of),
      window?.[0],
      window?.[1],
      sample.origin,
      evidence.stream,
      evidence.sha256,
      evidence.line,
    ];
  },
  decode(row) {
    const { iterations_n: n, tally_of: of, window_start: start } = row;
    return {
      metric: str(row, 'metric'),
      subject: parsed(str(row, 'subject')) as Subject,
      parameters: parsed(str(row, 'parameters')) as Parameters,
      value: num(row, 'value'),
      ...(there(n) && {
        iterations: {
          n: Number(n),
          min: num(row, 'iterations_min'),
          median: num(row, 'iterations_median'),
          max: num(row, 'iterations_max'),
        },
      }),
      ...(there(of) && { tally: { over: num(row, 'tally_over'), of: Number(of) } }),
      ...(there(start) && {
        window: [num(row, 'window_start'), num(row, 'window_end')] as const,
      }),
      attempt: str(row, 'attempt'),
      evidence: {
        stream: str(row, 'stream'),
        sha256: str(row, 'sha256'),
        line: num(row, 'line'),
      },
      origin: str(row, 'origin') as Origin,
    };
  },
};

/** findings.parquet: every finding, the passing ones too; `attempts` is a JSON list of attempt ids. */
export const findingTable: Table<Finding> = {
  schema: 'assay/findings/1',
  columns: [
    filtered('criterion', 'STRING'),
    ...SUBJECT,
    filtered('verdict', 'STRING'),
    optional('value', 'DOUBLE'),
    optional('low', 'DOUBLE'),
    optional('high', 'DOUBLE'),
    optional('n', 'INT64'),
    optional('evidence_pass', 'DOUBLE'),
    optional('evidence_fail', 'DOUBLE'),
    required('reason', 'STRING'),
    optional('cause', 'STRING'),
    required('attempts', 'STRING'),
  ],
  encode({ criterion, subject, verdict, estimate, reason, cause, attempts }) {
    return [
      criterion,
      ...subjectCells(subject),
      verdict,
      estimate?.value,
      estimate?.interval?.[0],
      estimate?.interval?.[1],
      whole(estimate?.n),
      estimate?.evidence?.pass,
      estimate?.evidence?.fail,
      reason,
      cause,
      JSON.stringify(attempts),
    ];
  },
  decode(row) {
    const { value, low, evidence_pass: pass, cause } = row;
    return {
      criterion: str(row, 'criterion'),
      subject: parsed(str(row, 'subject')) as Subject,
      verdict: str(row, 'verdict') as Word,
      ...(there(value) && {
        estimate: {
          value: Number(value),
          ...(there(low) && { interval: [num(row, 'low'), num(row, 'high')] as const }),
          n: num(row, 'n'),
          ...(there(pass) && {
            evidence: { pass: Number(pass), fail: num(row, 'evidence_fail') },
          }),
        },
      }),
      reason: str(row, 'reason'),
      ...(there(cause) && { cause: cause as NonNullable<Finding['cause']> }),
      attempts: JSON.parse(str(row, 'attempts')) as readonly string[],
    };
  },
};

/** telemetry.parquet: one row a field, attempt and part; the single readings stay in the evidence. */
export const telemetryTable: Table<TelemetryRow> = {
  schema: 'assay/telemetry/1',
  columns: [
    required('attempt', 'STRING'),
    required('node', 'STRING'),
    optional('accelerator', 'STRING'),
    required('field', 'STRING'),
    required('n', 'INT64'),
    required('min', 'DOUBLE'),
    required('median', 'DOUBLE'),
    required('max', 'DOUBLE'),
  ],
  encode: ({ attempt, node, accelerator, field, n, min, median, max }) => [
    attempt,
    node,
    accelerator,
    field,
    n,
    min,
    median,
    max,
  ],
  decode: (row) => ({
    attempt: str(row, 'attempt'),
    node: str(row, 'node'),
    ...(there(row['accelerator']) && { accelerator: str(row, 'accelerator') }),
    field: str(row, 'field'),
    n: num(row, 'n'),
    min: num(row, 'min'),
    median: num(row, 'median'),
    max: num(row, 'max'),
  }),
};

type SubjectCells = readonly [string, string, string, string | undefined, string | undefined];

/** Values kept of spellings. */
const MOST = 20_000;

/** Most rows are about the subject of the row before. */
let latest: { readonly subject: Subject; readonly cells: SubjectCells } | undefined;

function subjectCells(subject: Subject): SubjectCells {
  if (latest?.subject === subject) return latest.cells;
  const cells: SubjectCells = [
    spelledSubject(subject),
    subject.kind,
    subjectKey(subject),
    'node' in subject ? subject.node : undefined,
    subject.kind === 'accelerator' ? subject.accelerator : undefined,
  ];
  latest = { subject, cells };
  return cells;
}

/** As `canonical` spells it; by hand where a large fleet has millions of rows. */
function spelledSubject(subject: Subject): string {
  if (subject.kind !== 'accelerator') return canonical(subject);
  const { accelerator, node } = subject;
  return `{"accelerator":${JSON.stringify(accelerator)},"kind":"accelerator","node":${JSON.stringify(node)}}`;
}

const spellings = new WeakMap<Parameters, string>();
const values = new Map<string, object>();

function spelled(parameters: Parameters): string {
  const known = spellings.get(parameters) ?? canonical(parameters);
  spellings.set(parameters, known);
  return known;
}

/** Shared between rows: models are read-only. */
function parsed(spelling: string): object {
  const known = values.get(spelling);
  if (known !== undefined) return known;
  const value = JSON.parse(spelling) as object;
  if (values.size >= MOST) values.clear();
  values.set(spelling, value);
  return value;
}

function text(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function whole(value: string | number | boolean | undefined): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function there(cell: ReadCell): cell is NonNullable<ReadCell> {
  return cell !== undefined && cell !== null;
}

function str(row: Row, name: string): string {
  const cell = row[name];
  if (typeof cell !== 'string') throw new Error(`column ${name} is no text`);
  return cell;
}

function num(row: Row, name: string): number {
  const cell = row[name];
  if (typeof cell !== 'number' && typeof cell !== 'bigint') {
    throw new Error(`column ${name} is no number`);
  }
  return Number(cell);
}
