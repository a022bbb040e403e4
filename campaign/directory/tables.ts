/** The three tables of a run: samples.parquet, findings.parquet, telemetry.parquet. */
import type { Origin, Parameters, Subject } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Sample } from '../../suites/model.ts';
import type { Finding, Word } from '../../verdicts/model.ts';
import { canonical } from './canonical.ts';
import type { TelemetryRow } from './model.ts';
import type { Cell, Column, ReadCell, Row } from './columns.ts';
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
  encode(sample, row) {
    const { parameters, iterations, tally, window, evidence } = sample;
    row[0] = sample.metric;
    row[1] = sample.value;
    encodeParameters(parameters, row, 2);
    encodeSubject(sample.subject, row, 8);
    row[13] = sample.attempt;
    row[14] = whole(iterations?.n);
    row[15] = iterations?.min;
    row[16] = iterations?.median;
    row[17] = iterations?.max;
    row[18] = whole(tally?.over);
    row[19] = whole(tally?.of);
    row[20] = window?.[0];
    row[21] = window?.[1];
    row[22] = sample.origin;
    row[23] = evidence.stream;
    row[24] = evidence.sha256;
    row[25] = evidence.line;
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
  encode({ criterion, subject, verdict, estimate, reason, cause, attempts }, row) {
    row[0] = criterion;
    encodeSubject(subject, row, 1);
    row[6] = verdict;
    row[7] = estimate?.value;
    row[8] = estimate?.interval?.[0];
    row[9] = estimate?.interval?.[1];
    row[10] = whole(estimate?.n);
    row[11] = estimate?.evidence?.pass;
    row[12] = estimate?.evidence?.fail;
    row[13] = reason;
    row[14] = cause;
    row[15] = spelledAttempts(attempts);
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
  encode({ attempt, node, accelerator, field, n, min, median, max }, row) {
    row[0] = attempt;
    row[1] = node;
    row[2] = accelerator;
    row[3] = field;
    row[4] = n;
    row[5] = min;
    row[6] = median;
    row[7] = max;
  },
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

/** Findings about the parts of one node come together, and share their attempts. */
let attemptsBefore: { readonly attempts: readonly string[]; readonly spelled: string } | undefined;

function spelledAttempts(attempts: readonly string[]): string {
  if (attemptsBefore?.attempts !== attempts) {
    attemptsBefore = { attempts, spelled: JSON.stringify(attempts) };
  }
  return attemptsBefore.spelled;
}

type SubjectCells = readonly [string, string, string, string | undefined, string | undefined];

/** Values kept of spellings. */
const MOST = 20_000;
/** Subjects whose cells are kept: those of the attempts of the moment. */
const MOST_SUBJECTS = 256;

const subjects = new Map<Subject, SubjectCells>();

/** The cells of SUBJECT. */
function encodeSubject(subject: Subject, row: Cell[], from: number): void {
  let cells = subjects.get(subject);
  if (cells === undefined) {
    cells = [
      spelledSubject(subject),
      subject.kind,
      subjectKey(subject),
      'node' in subject ? subject.node : undefined,
      subject.kind === 'accelerator' ? subject.accelerator : undefined,
    ];
    if (subjects.size >= MOST_SUBJECTS) subjects.clear();
    subjects.set(subject, cells);
  }
  for (let at = 0; at < 5; at += 1) row[from + at] = cells[at];
}

/** As `canonical` spells it; by hand where a large fleet has millions of rows. */
function spelledSubject(subject: Subject): string {
  if (subject.kind !== 'accelerator') return canonical(subject);
  const { accelerator, node } = subject;
  return `{"accelerator":${JSON.stringify(accelerator)},"kind":"accelerator","node":${JSON.stringify(node)}}`;
}

type ParameterCells = readonly (string | number | undefined)[];

const spellings = new WeakMap<Parameters, ParameterCells>();
const values = new Map<string, object>();
/** Most rows have the parameters of the row before. */
let latest: { readonly parameters: Parameters; readonly cells: ParameterCells } | undefined;

/** `parameters` and the common ones, six cells. */
function encodeParameters(parameters: Parameters, row: Cell[], from: number): void {
  if (latest?.parameters !== parameters) {
    let cells = spellings.get(parameters);
    if (cells === undefined) {
      cells = [
        canonical(parameters),
        text(parameters['dtype']),
        whole(parameters['bytes']),
        text(parameters['shape']),
        text(parameters['mode']),
        text(parameters['scope']),
      ];
      spellings.set(parameters, cells);
    }
    latest = { parameters, cells };
  }
  const { cells } = latest;
  for (let at = 0; at < 6; at += 1) row[from + at] = cells[at];
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
