/** The three tables of a run: samples.parquet, findings.parquet, telemetry.parquet. */
import type { Origin, Parameters, Subject } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Sample } from '../../suites/model.ts';
import type { Finding, Word } from '../../verdicts/model.ts';
import { canonical } from './canonical.ts';
import type { TelemetryRow } from './model.ts';
import type { Cell, Column, Row, Table } from './parquet.ts';

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
    const { metric, value, parameters, subject, attempt, iterations, tally, window } = sample;
    return {
      metric,
      value,
      parameters: spelled(parameters),
      dtype: text(parameters['dtype']),
      bytes: whole(parameters['bytes']),
      shape: text(parameters['shape']),
      mode: text(parameters['mode']),
      scope: text(parameters['scope']),
      ...subjectCells(subject),
      attempt,
      iterations_n: whole(iterations?.n),
      iterations_min: iterations?.min,
      iterations_median: iterations?.median,
      iterations_max: iterations?.max,
      tally_over: whole(tally?.over),
      tally_of: whole(tally?.of),
      window_start: window?.[0],
      window_end: window?.[1],
      origin: sample.origin,
      stream: sample.evidence.stream,
      sha256: sample.evidence.sha256,
      line: BigInt(sample.evidence.line),
    };
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
    return {
      criterion,
      ...subjectCells(subject),
      verdict,
      value: estimate?.value,
      low: estimate?.interval?.[0],
      high: estimate?.interval?.[1],
      n: whole(estimate?.n),
      evidence_pass: estimate?.evidence?.pass,
      evidence_fail: estimate?.evidence?.fail,
      reason,
      cause,
      attempts: JSON.stringify(attempts),
    };
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
  encode: (row) => ({ ...row, n: BigInt(row.n) }),
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

function subjectCells(subject: Subject): Row {
  return {
    subject: spelled(subject),
    subject_kind: subject.kind,
    subject_key: subjectKey(subject),
    node: 'node' in subject ? subject.node : undefined,
    accelerator: subject.kind === 'accelerator' ? subject.accelerator : undefined,
  };
}

/** Millions of rows have a few thousand parameters and subjects: each is spelled and parsed once. */
const spellings = new Map<string, string>();
const values = new Map<string, object>();
const MOST = 100_000;

function spelled(value: object): string {
  const key = JSON.stringify(value);
  const known = spellings.get(key);
  if (known !== undefined) return known;
  const spelling = canonical(value);
  if (spellings.size >= MOST) spellings.clear();
  spellings.set(key, spelling);
  return spelling;
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

function whole(value: string | number | boolean | undefined): bigint | undefined {
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}

function there(cell: Cell | null): cell is NonNullable<Cell> {
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
