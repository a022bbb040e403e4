/**
 * The payload protocol: one JSON object a line on stdout, `{"assay":1,"kind":…}`; everything else is log.
 * What a node says is data: bounded, checked field by field, never trusted for who it is.
 */
import type { Parameters } from '../plan/model.ts';

/** A line of the protocol, checked; `accelerator` is an index on the node that speaks. */
export type ProtocolLine =
  | {
      readonly kind: 'sample';
      readonly metric: string;
      readonly accelerator?: number;
      readonly rank?: number;
      readonly parameters: Parameters;
      readonly value: number;
      readonly iterations?: { n: number; min: number; median: number; max: number };
      readonly tally?: { over: number; of: number };
      readonly window?: readonly [number, number];
    }
  | {
      readonly kind: 'check';
      readonly name: string;
      readonly accelerator?: number;
      readonly rank?: number;
      readonly parameters: Parameters;
      /** Either of the two: a truth, or a digest to be compared between parts. */
      readonly ok?: boolean;
      readonly digest?: string;
      readonly detail: string;
    }
  | {
      readonly kind: 'telemetry';
      readonly accelerator?: number;
      readonly at: number;
      readonly field: string;
      readonly value: number;
    }
  | { readonly kind: 'fact'; readonly name: string; readonly value: string }
  /** One row of a table `of`, e.g. one request of a load: kept as evidence, and what figures are made from. */
  | {
      readonly kind: 'row';
      readonly of: string;
      readonly values: readonly (number | null)[];
    }
  | {
      readonly kind: 'progress';
      readonly rank: number;
      readonly operation: string;
      readonly at: number;
      /** How many steps of the operation the rank has done: tells ranks in one operation apart. */
      readonly call?: number;
    }
  | { readonly kind: 'log'; readonly text: string }
  | {
      readonly kind: 'done';
      readonly ok: boolean;
      /** Where ok is false: whose fault the payload thinks it is. */
      readonly owner?: 'harness' | 'node' | 'group';
      /** NO_TORCH, CUDA_ERROR, OUT_OF_MEMORY, NOT_SUPPORTED … */
      readonly code?: string;
      readonly message?: string;
    };

/** What a line is: of the protocol, plain log, or a broken line of the protocol with the reason. */
export type ParsedLine =
  { readonly line: ProtocolLine } | { readonly log: string } | { readonly broken: string };

const TEXT_LIMIT = 16 * 1024;
const ROW_LIMIT = 8 * 1024;
const KEY = /^[a-z0-9][a-z0-9_.-]{0,99}$/u;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads one line of a payload's stdout.
 *
 * @param text one line, at most 64 KiB, without its end
 * @returns never throws: a line that claims the protocol and breaks it is `broken`
 */
export function parseLine(text: string): ParsedLine {
  if (!text.startsWith('{')) return { log: text };
  // Measured values hardly repeat, and to look a long line up is to hash all of it.
  const once = text.length > REPEATED_LENGTH || text.includes('"sample"');
  const same = once ? undefined : repeated.get(text);
  if (same !== undefined) return same;
  const parsed = parse(text);
  if (!once && 'line' in parsed && REPEATED.has(parsed.line.kind)) {
    if (repeated.size >= MOST_REPEATED) repeated.clear();
    // A copy: a line is a slice that would keep the whole chunk it came in.
    repeated.set(Buffer.from(text).toString(), parsed);
  }
  return parsed;
}

/** Lines that every node of a fleet says alike, attempt after attempt: parsed once. Nobody changes a line. */
const repeated = new Map<string, ParsedLine>();
const REPEATED: ReadonlySet<ProtocolLine['kind']> = new Set(['check', 'fact', 'done']);
const REPEATED_LENGTH = 1000;
const MOST_REPEATED = 5000;

function parse(text: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A torn protocol line is told from a program's own output by its opening.
    return text.startsWith('{"assay"') ? { broken: 'not valid JSON' } : { log: text };
  }
  if (!isFields(value) || !('assay' in value)) return { log: text };
  if (value['assay'] !== 1) return { broken: `protocol version ${String(value['assay'])}` };
  const line = read(value);
  return typeof line === 'string' ? { broken: line } : { line };
}

function read(fields: Fields): ProtocolLine | string {
  const kind = fields['kind'];
  switch (kind) {
    case 'sample':
      return sample(fields);
    case 'check':
      return check(fields);
    case 'telemetry': {
      const { accelerator, at, field, value } = fields;
      if (!isKey(field) || !isFinite(at) || !isFinite(value)) return 'telemetry is malformed';
      if (accelerator !== undefined && !isIndex(accelerator)) return 'accelerator is not an index';
      return { kind, ...(accelerator !== undefined && { accelerator }), at, field, value };
    }
    case 'fact': {
      const value = boundedText(fields['value']);
      if (!isKey(fields['name']) || value === undefined) return 'fact is malformed';
      return { kind, name: fields['name'], value };
    }
    case 'row': {
      const { of, values } = fields;
      const fine = Array.isArray(values) && values.length <= ROW_LIMIT && values.every(isCell);
      return isKey(of) && fine ? { kind, of, values } : 'row is malformed';
    }
    case 'progress': {
      const operation = boundedText(fields['operation']);
      const { rank, at, call } = fields;
      const counted = call === undefined || (Number.isSafeInteger(call) && (call as number) >= 0);
      if (!isIndex(rank) || !isFinite(at) || operation === undefined || !counted) {
        return 'progress is malformed';
      }
      return { kind, rank, operation, at, ...(call !== undefined && { call: call as number }) };
    }
    case 'log':
      return { kind, text: boundedText(fields['text']) ?? '' };
    case 'done':
      return done(fields);
    default:
      return `unknown kind ${JSON.stringify(kind)?.slice(0, 40)}`;
  }
}

function done(fields: Fields): ProtocolLine | string {
  const { ok, owner, code } = fields;
  if (typeof ok !== 'boolean') return 'done without ok';
  if (ok) return { kind: 'done', ok };
  const message = boundedText(fields['message'] ?? '');
  if (owner !== 'harness' && owner !== 'node' && owner !== 'group') return 'done without an owner';
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{0,39}$/u.test(code))
    return 'done without a code';
  return { kind: 'done', ok, owner, code, message: message ?? '' };
}

type Of<K extends ProtocolLine['kind']> = {
  -readonly [F in keyof Extract<ProtocolLine, { kind: K }>]: Extract<ProtocolLine, { kind: K }>[F];
};

/** Field by field: a large fleet says millions of these, and a spread costs more than all checks. */
function sample(fields: Fields): ProtocolLine | string {
  const { metric, value, iterations, tally, window } = fields;
  const parameters = fields['parameters'] ?? {};
  const wrong = malformed(fields, metric, parameters);
  if (wrong !== undefined) return wrong;
  if (!isFinite(value)) return 'value is not a finite number';
  if (iterations !== undefined && !areNumbers(iterations, ITERATIONS)) {
    return 'iterations are not numbers';
  }
  if (tally !== undefined && !areNumbers(tally, TALLY)) return 'tally is not numbers';
  if (window !== undefined && !isPair(window)) return 'window is not a pair of seconds';
  const line: Of<'sample'> = {
    kind: 'sample',
    metric: metric as string,
    parameters: parameters as Parameters,
    value,
  };
  if (iterations !== undefined) {
    const { n, min, median, max } = iterations;
    line.iterations = { n, min, median, max };
  }
  if (tally !== undefined) line.tally = { over: tally.over, of: tally.of };
  if (window !== undefined) line.window = window;
  speaks(line, fields);
  return line;
}

function check(fields: Fields): ProtocolLine | string {
  const { name, ok, digest } = fields;
  const parameters = fields['parameters'] ?? {};
  const wrong = malformed(fields, name, parameters);
  if (wrong !== undefined) return wrong;
  const detail = boundedText(fields['detail'] ?? '');
  if (detail === undefined) return 'detail is not text';
  const line: Of<'check'> = {
    kind: 'check',
    name: name as string,
    parameters: parameters as Parameters,
    detail,
  };
  if (typeof ok === 'boolean') line.ok = ok;
  else if (typeof digest === 'string' && /^[0-9a-f]{1,128}$/u.test(digest)) line.digest = digest;
  else return 'a check needs ok or digest';
  speaks(line, fields);
  return line;
}

/** What is wrong with name, speaker or parameters. */
function malformed(fields: Fields, name: unknown, parameters: unknown): string | undefined {
  const { accelerator, rank } = fields;
  if (!isKey(name)) return 'metric or name is malformed';
  if (accelerator !== undefined && !isIndex(accelerator)) return 'accelerator is not an index';
  if (rank !== undefined && !isIndex(rank)) return 'rank is not an index';
  return areParameters(parameters) ? undefined : 'parameters are malformed';
}

/** Takes over who speaks; checked before. */
function speaks(line: { accelerator?: number; rank?: number }, { accelerator, rank }: Fields) {
  if (accelerator !== undefined) line.accelerator = accelerator as number;
  if (rank !== undefined) line.rank = rank as number;
}

function areParameters(value: unknown): value is Parameters {
  if (!isFields(value)) return false;
  let count = 0;
  for (const key in value) {
    const one = value[key];
    count += 1;
    const fine =
      isFinite(one) || typeof one === 'boolean' || (typeof one === 'string' && one.length < 256);
    if (!fine || !isKey(key) || count > 32) return false;
  }
  return true;
}

const ITERATIONS = ['n', 'min', 'median', 'max'] as const;
const TALLY = ['over', 'of'] as const;

function areNumbers<K extends string>(
  value: unknown,
  keys: readonly K[],
): value is Record<K, number> {
  return isFields(value) && keys.every((key) => isFinite(value[key]));
}

function boundedText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, TEXT_LIMIT) : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isCell(value: unknown): value is number | null {
  return value === null || isFinite(value);
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1_000_000;
}

/** Keys that were found to be well made: a few dozen, in millions of lines. */
const known = new Set<string>();
const MOST_KNOWN = 10_000;

function isKey(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  if (known.has(value)) return true;
  if (!KEY.test(value)) return false;
  if (known.size < MOST_KNOWN) known.add(value);
  return true;
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isFinite);
}
