/** Runs against the first of them: same metric, same parameters, same profile, or refused by name. */
import type { Parameters } from '../../plan/model.ts';
import { ORIGIN } from '../words.ts';
import type {
  Compared,
  ComparedRun,
  ComparedUnit,
  Comparison,
  Effect,
  Measured,
  Refused,
} from './model.ts';

/** The statistics: verdicts/compare, given by whoever composes. */
export type CompareUnits = (
  first: readonly ComparedUnit[],
  second: readonly ComparedUnit[],
  confidence: number,
) => Effect | undefined;

const CONFIDENCE = 0.95;

/** @param runs two or more; the first is what the others are held against */
export function compareRuns(
  runs: readonly [ComparedRun, ...ComparedRun[]],
  compareUnits: CompareUnits,
): Comparison {
  const [first, ...others] = runs;
  const compared: Compared[] = [];
  const refused: Refused[] = [];
  for (const other of others) {
    for (const [key, measured] of other.measured) {
      const against = first.measured.get(key);
      const why = refusal(first, other, measured, against);
      const about = { run: other.id, metric: measured.metric.id, parameters: measured.parameters };
      if (why !== undefined || against === undefined) refused.push({ ...about, why: why ?? '' });
      else {
        const effect = compareUnits(against.units, measured.units, CONFIDENCE);
        if (effect !== undefined) compared.push(one(first, other, measured, effect));
      }
    }
    for (const [key, { metric, parameters }] of first.measured) {
      if (other.measured.has(key)) continue;
      if ([...other.measured.values()].some((same) => same.metric.id === metric.id)) continue;
      refused.push({
        run: other.id,
        metric: metric.id,
        parameters,
        why: `${other.id} has no value of it`,
      });
    }
  }
  return {
    schema: 'assay/compare/1',
    runs: runs.map(
      ({ measured: _measured, environment: _environment, price: _price, ...run }) => run,
    ),
    compared,
    refused,
    differences: differencesOf(runs),
  };
}

function refusal(
  first: ComparedRun,
  other: ComparedRun,
  measured: Measured,
  against: Measured | undefined,
): string | undefined {
  if (first.origin !== other.origin) {
    const [one, two] = [ORIGIN[first.origin].label, ORIGIN[other.origin].label];
    return `${first.id} is of origin "${one}", ${other.id} of "${two}"`;
  }
  if (against !== undefined) {
    return against.metric.unit === measured.metric.unit
      ? undefined
      : `its unit is ${against.metric.unit} in ${first.id} and ${measured.metric.unit} in ${other.id}`;
  }
  const nearest = [...first.measured.values()]
    .filter(({ metric, per }) => metric.id === measured.metric.id && per === measured.per)
    .map(({ parameters }) => differing(parameters, measured.parameters))
    .sort((a, b) => a.length - b.length)[0];
  if (nearest === undefined) return `${first.id} has no value of it`;
  const what = nearest.map(
    ([key, one, two]) => `${key} ${one} in ${first.id}, ${two} in ${other.id}`,
  );
  const profile = nearest.some(([key]) => key === 'profile');
  return `${what.join('; ')}${profile ? ': differing profiles are never pooled' : ''}`;
}

function differing(one: Parameters, other: Parameters): (readonly [string, string, string])[] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return keys
    .filter((key) => one[key] !== other[key])
    .map((key) => [key, String(one[key] ?? 'absent'), String(other[key] ?? 'absent')] as const);
}

function one(first: ComparedRun, other: ComparedRun, measured: Measured, effect: Effect): Compared {
  const { metric, parameters, per } = measured;
  const perCost = perCostOf(first, other, measured, effect);
  return {
    run: other.id,
    metric: metric.id,
    parameters,
    per,
    unit: metric.unit,
    effect,
    word: wordOf(measured, effect),
    ...(perCost && { perCost }),
  };
}

function wordOf({ metric }: Measured, { kind, interval }: Effect): Compared['word'] {
  const none = kind === 'ratio' ? 1 : 0;
  if (interval === undefined || (interval[0] <= none && none <= interval[1])) return 'open';
  return interval[0] > none === (metric.better === 'higher') ? 'better' : 'worse';
}

/** What the same money buys: a rate divided by the price, a time multiplied by it. */
function perCostOf(
  { price: one }: ComparedRun,
  { price: other }: ComparedRun,
  { metric }: Measured,
  { kind, value, interval }: Effect,
): Compared['perCost'] {
  if (one === undefined || other === undefined || kind !== 'ratio') return undefined;
  if (one.currency !== other.currency || !(one.perNodeHour > 0) || !(other.perNodeHour > 0)) {
    return undefined;
  }
  const dearer = other.perNodeHour / one.perNodeHour;
  const factor = metric.better === 'higher' ? 1 / dearer : dearer;
  return {
    value: value * factor,
    ...(interval && { interval: [interval[0] * factor, interval[1] * factor] as const }),
  };
}

function differencesOf(runs: readonly ComparedRun[]): Comparison['differences'] {
  const shown = runs.map(({ environment, delivery, provider, sku }) => ({
    delivery: [delivery],
    provider: [provider],
    sku: [sku],
    ...environment,
  })) as readonly Readonly<Record<string, readonly string[]>>[];
  const facts = [...new Set(shown.flatMap((one) => Object.keys(one)))];
  return facts
    .map((fact) => ({ fact, values: shown.map((one) => one[fact] ?? []) }))
    .filter(({ values }) => new Set(values.map((each) => JSON.stringify(each))).size > 1);
}
