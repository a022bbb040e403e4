/** One written criterion, resolved: metric, limit in the metric's unit, and what it rests on. */
import type { z } from 'zod';
import type { criterionSchema } from './blocks.ts';
import type { Criterion, Decide, Parameters } from './model.ts';
import { nearest } from './options.ts';
import type { Path } from './document.ts';
import type { Problems } from './problems.ts';
import { readQuantity } from './quantity.ts';

/** What a criterion may be on: what the configured suites give. */
export interface Measurable {
  readonly metrics: ReadonlyMap<
    string,
    { readonly unit: string; readonly better: 'higher' | 'lower' }
  >;
  readonly checks: ReadonlySet<string>;
  /** The part's datasheet figure for a metric, e.g. "4.8 TB/s (source)", to compare a limit with. */
  datasheet?(metric: string, where: Parameters): string | undefined;
  /** First words of the metrics of suites that could not be configured: not complained of twice. */
  readonly unknown: ReadonlySet<string>;
}

/** The source of a criterion that names none; lint warns of it. */
export const NO_SOURCE = 'the plan, which names no source';

type Written = z.output<typeof criterionSchema>;

/**
 * Checks a criterion against what the suites give.
 *
 * @param at its path in the plan
 * @returns undefined when it is wrong; the mistakes are in `problems`
 */
export function resolveCriterion(
  written: Written,
  at: Path,
  measurable: Measurable,
  problems: Problems,
): Criterion | undefined {
  const before = problems.count;
  const wrong = (key: string, message: string, hint: string) => {
    problems.add('CRITERION_INVALID', [...at, key], message, hint);
  };
  const where = readWhere(written.where, wrong);
  const datasheet = measurable.datasheet?.(written.metric, where);
  const compare = datasheet === undefined ? '' : `; the datasheet has ${datasheet}`;
  const metric = measurable.metrics.get(written.metric);
  const isCheck = measurable.checks.has(written.metric);
  if (metric === undefined && !isCheck) {
    if (measurable.unknown.has(written.metric.split('.')[0] ?? '')) return undefined;
    const names = [...measurable.metrics.keys(), ...measurable.checks];
    wrong(
      'metric',
      `no suite of this plan gives "${written.metric}"`,
      nearest(written.metric, names, 'What this plan measures'),
    );
    return undefined;
  }
  const decide = written.decide ?? (metric === undefined ? 'exact' : 'level');
  if ((decide === 'exact') !== (metric === undefined)) {
    wrong(
      'decide',
      metric === undefined
        ? `"${written.metric}" is a check: it is exact, not ${decide}`
        : `"${written.metric}" is a number: it can't be exact`,
      metric === undefined ? 'Leave decide out.' : 'Say level, tail or events.',
    );
    return undefined;
  }
  const source = written.source ?? NO_SOURCE;
  const figures =
    metric === undefined
      ? exactFigures(written, source, wrong)
      : boundFigures(written, decide, { ...metric, compare }, source, wrong);
  if (figures === undefined || problems.count > before) return undefined;
  return {
    id: written.id,
    ...(written.clause !== undefined && { clause: written.clause }),
    metric: written.metric,
    where,
    per: written.per,
    mandatory: written.mandatory,
    decide,
    standing: written.standing,
    ...figures,
    fixed: 'before',
  };
}

type Wrong = (key: string, message: string, hint: string) => void;
/** A metric, and the datasheet's figure in words to put beside a senseless one. */
interface Compared {
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly compare: string;
}
type Figures = Pick<Criterion, 'bound' | 'limit'> & Partial<Pick<Criterion, 'nominal'>>;

function exactFigures(written: Written, source: string, wrong: Wrong): Figures {
  for (const key of ['at-least', 'at-most', 'nominal'] as const) {
    if (written[key] === undefined) continue;
    wrong(key, 'an exact criterion has no bound: any deviation fails', 'Remove it.');
  }
  return { bound: 'at-least', limit: { value: 1, source } };
}

function boundFigures(
  written: Written,
  decide: Decide,
  metric: Compared,
  source: string,
  wrong: Wrong,
): Figures | undefined {
  const least = written['at-least'];
  const most = written['at-most'] ?? (decide === 'events' && least === undefined ? 0 : undefined);
  const right = metric.better === 'higher' ? 'at-least' : 'at-most';
  if ((least === undefined) === (most === undefined)) {
    const message = least === undefined ? 'has no bound' : 'has two bounds';
    wrong(least === undefined ? 'id' : 'at-most', message, `Write one ${right}.`);
    return undefined;
  }
  const bound = least === undefined ? 'at-most' : 'at-least';
  if (bound !== right) {
    const message = `${metric.better} is better for ${written.metric}: ${bound} would fail the good`;
    wrong(bound, message, `Write ${right}.`);
    return undefined;
  }
  const limit = figure(least ?? most, bound, metric, decide, wrong);
  if (limit === undefined) return undefined;
  if (written.nominal === undefined) return { bound, limit: { value: limit, source } };
  const nominal = figure(written.nominal, 'nominal', metric, decide, wrong);
  if (nominal === undefined) return undefined;
  if (bound === 'at-least' ? nominal <= limit : nominal >= limit) {
    wrong(
      'nominal',
      'is on the wrong side of the limit: good parts would not conform',
      `It must be ${bound === 'at-least' ? 'above' : 'below'} the limit; good parts have a margin.`,
    );
    return undefined;
  }
  return { bound, limit: { value: limit, source }, nominal: { value: nominal, source } };
}

function figure(
  written: string | number | undefined,
  key: string,
  { unit, compare }: Compared,
  decide: Decide,
  wrong: Wrong,
): number | undefined {
  const counts = decide === 'events' && Number.isInteger(written);
  const result = counts ? { value: Number(written) } : readQuantity(written ?? '', unit);
  if ('problem' in result) {
    wrong(key, result.problem, `The metric is in ${unit}.`);
    return undefined;
  }
  if (result.value > 0 || (decide === 'events' && result.value === 0)) return result.value;
  const meaning = result.value === 0 ? 'every part would pass a bound of 0' : 'is negative';
  wrong(
    key,
    `${meaning}: no verdict can rest on it${compare}`,
    'Write a limit that a bad part misses.',
  );
  return undefined;
}

/** `bytes` may be a quantity; a shape may be a list [m, k, n], and a cube is its side. */
function readWhere(where: Written['where'], wrong: Wrong): Parameters {
  return Object.fromEntries(
    Object.entries(where).map(([key, value]) => {
      if (Array.isArray(value)) return [key, cube(value) ?? value.join('x')];
      if (key !== 'bytes' || typeof value !== 'string') return [key, value];
      const result = readQuantity(value, 'B');
      if ('value' in result) return [key, result.value];
      wrong('where', `bytes: ${result.problem}`, 'E.g. bytes: 16 GiB.');
      return [key, value];
    }),
  );
}

function cube(sides: readonly number[]): number | undefined {
  return sides.every((side) => side === sides[0]) ? sides[0] : undefined;
}
