/** The finding of a level criterion on one subject, with a reason that both sides can check. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Metric } from '../../suites/model.ts';
import { percent } from '../decision/choose-rule.ts';
import type { MixtureRule, Rule, SignRule } from '../decision/rule.ts';
import { signConfidence } from '../decision/sign-rule.ts';
import type { Cause, Finding, Word } from '../model.ts';
import { count, show, showBeside, showBound } from '../show.ts';
import { median } from 'simple-statistics';
import type { Cell } from './cells.ts';
import type { Ledger } from './ledger.ts';
import type { Source } from './sources.ts';
import type { End } from './track.ts';

/** Two-sided 95 % normal quantile, for the interval that is shown. */
const SHOWN = 1.959963984540054;

interface LevelContext {
  readonly criterion: Criterion;
  readonly metric: Metric | undefined;
  readonly sources: readonly Source[];
  readonly unfit: string | undefined;
  readonly ledger: Ledger;
  readonly rule: Rule;
  readonly logRatio: (value: number) => number;
  /** What telemetry showed where a value fell short. */
  readonly cause: Cause | undefined;
  /** Reasons of passes made so far. */
  readonly passReasons: Map<number, string>;
}

/**
 * @param end absent while the run goes on: the cell is decided then
 */
export function levelFinding(cell: Cell, end: End | undefined, context: LevelContext): Finding {
  const { criterion, ledger } = context;
  const estimate = estimateOf(cell, context);
  const { verdict, reason } = wordAndReason(cell, end, context, estimate?.value);
  return {
    criterion: criterion.id,
    subject: cell.subject,
    verdict,
    ...(estimate === undefined || verdict === 'not-tested' ? {} : { estimate }),
    reason,
    ...(context.cause === undefined || verdict === 'pass' ? {} : { cause: context.cause }),
    attempts: ledger.ids(cell.attempts),
  };
}

function wordAndReason(
  cell: Cell,
  end: End | undefined,
  context: LevelContext,
  value: number | undefined,
): { verdict: Word; reason: string } {
  const { criterion, metric, rule, sources, unfit } = context;
  if (unfit !== undefined) return { verdict: 'not-tested', reason: unfit };
  if (value === undefined) {
    const silent = `${count(cell.missing, 'measured trial')} gave no value (missing, or not supported here)`;
    const never = end?.stopped ?? 'no trial of it ran';
    const cases = sources.map((source) => source.case.id);
    return {
      verdict: 'not-tested',
      reason: end?.whyNot(cases, subjectNodes(cell.subject)) ?? (cell.missing > 0 ? silent : never),
    };
  }
  const counted = cell.values.length - cell.from;
  if (cell.word === 'pass') return { verdict: 'pass', reason: passReason(cell, context) };
  const bound = showBound(criterion, metric);
  const against = `${showBeside(value, criterion.limit.value, metric)} in ${count(counted, 'trial')} against ${bound}`;
  if (cell.missing > 0) {
    const of = `${cell.missing} of ${cell.missing + cell.values.length} measured trials gave no value`;
    return { verdict: 'inconclusive', reason: `${against}, but ${of}` };
  }
  if (rule.kind === 'none') return { verdict: 'inconclusive', reason: `${against}: ${rule.why}` };
  return rule.kind === 'sign'
    ? signReason(cell, end, context, rule, against)
    : mixtureReason(cell, end, context, against);
}

/**
 * What a pass rests on; the value is in the estimate. One string for all that share it: a large fleet
 * has a million of them.
 */
function passReason(cell: Cell, { criterion, metric, rule, passReasons }: LevelContext): string {
  const n = cell.values.length - cell.from;
  const key = rule.kind === 'sign' ? n : cell.from > 0 ? -1 : 0;
  const known = passReasons.get(key);
  if (known !== undefined) return known;
  const bound = showBound(criterion, metric);
  const fresh = cell.from > 0 ? ', on fresh trials after the peer screen' : '';
  let reason = `conforms to ${bound}${fresh}`;
  if (rule.kind === 'sign') {
    reason = `all ${count(n, 'trial')} at or beyond the bound, ${bound}; confidence ${signConfidence(n)} (sign rule, ${rule.why})`;
  } else if (rule.kind === 'mixture') reason += ` at risk ${rule.alpha} (${basisOf(rule)})`;
  passReasons.set(key, reason);
  return reason;
}

function basisOf(rule: MixtureRule): string {
  const design = rule.resolution === undefined ? `; no nominal, so design point d = ${rule.d}` : '';
  return `repeatability ${percent(rule.sigma)}${design}`;
}

function signReason(
  cell: Cell,
  end: End | undefined,
  context: LevelContext,
  rule: SignRule,
  against: string,
): { verdict: Word; reason: string } {
  const { criterion, metric } = context;
  const values = cell.values.slice(cell.from);
  const good = values.filter((one) =>
    criterion.bound === 'at-least' ? one >= criterion.limit.value : one <= criterion.limit.value,
  ).length;
  const basis = `sign rule, ${rule.why}`;
  if (cell.word === 'fail') {
    const trials = count(values.length, 'trial');
    const confidence = `confidence ${signConfidence(values.length)} (${basis})`;
    return {
      verdict: 'fail',
      reason: `all ${trials} short of the bound: ${against}; ${confidence}`,
    };
  }
  const left = good > 0 && good < values.length ? '' : leftUndecided(end, context, values.length);
  const bought = rule.bought
    ? ''
    : `; ${count(rule.trials, 'trial')} buy a risk of ${(2 ** -rule.trials).toPrecision(3)}, more than the plan's`;
  const range = `${show(Math.min(...values), metric)} to ${show(Math.max(...values), metric)}`;
  return {
    verdict: 'inconclusive',
    reason: `${good} of ${count(values.length, 'trial')} at or beyond the bound (${range}): ${against} (${basis})${bought}${left}`,
  };
}

function mixtureReason(
  cell: Cell,
  end: End | undefined,
  context: LevelContext,
  against: string,
): { verdict: Word; reason: string } {
  const { rule, criterion } = context;
  if (rule.kind !== 'mixture') {
    return { verdict: 'inconclusive', reason: `${against}${leftUndecided(end, context, 1)}` };
  }
  const fresh = cell.from > 0 ? ', fresh ones after the peer screen' : '';
  const basis = basisOf(rule);
  if (cell.word === 'fail') {
    const risk = rule.beta.toPrecision(3);
    return {
      verdict: 'fail',
      reason: `${against}${fresh}: nonconforming at risk ${risk} (${basis})`,
    };
  }
  const n = cell.values.length - cell.from;
  const why =
    cell.word === 'inconclusive' ? `; max-trials reached` : leftUndecided(end, context, n);
  const shown = criterion.mandatory ? '' : '; shown only';
  return {
    verdict: 'inconclusive',
    reason: `${against}${fresh}: the evidence reaches neither bound (${basis})${why}${shown}`,
  };
}

function leftUndecided(end: End | undefined, context: LevelContext, n: number): string {
  if (end === undefined) return '';
  if (end.stopped !== undefined) return `; ${end.stopped}`;
  const most = context.rule.kind === 'sign' ? context.rule.trials : undefined;
  return most !== undefined && n >= most ? '' : '; no more trials were spent on it';
}

function estimateOf(cell: Cell, context: LevelContext): Finding['estimate'] | undefined {
  const { criterion, rule, logRatio } = context;
  const values = cell.values.slice(cell.from);
  if (values.length === 0) {
    // Chosen by the peer screen and not measured again: what chose it is all there is to show.
    return cell.values.length === 0
      ? undefined
      : { value: median(cell.values), n: cell.values.length };
  }
  const n = values.length;
  if (rule.kind !== 'mixture' || values.some((value) => value <= 0)) {
    return { value: median(values), n };
  }
  const mean = values.reduce((sum, value) => sum + logRatio(value), 0) / n;
  const side = criterion.bound === 'at-least' ? 1 : -1;
  const half = (SHOWN * rule.sigma) / Math.sqrt(n);
  const at = (y: number) => criterion.limit.value * Math.exp(side * y);
  const ends: [number, number] = [at(mean - half), at(mean + half)];
  return {
    value: at(mean),
    interval: [Math.min(...ends), Math.max(...ends)],
    n,
    ...(cell.logs === undefined ? {} : { evidence: cell.logs }),
  };
}
