/** `decide: level`: one value a trial against a limit, by the mixture tests or the sign rule. */
import { median } from 'simple-statistics';
import type { Criterion } from '../../plan/model.ts';
import type { Metric } from '../../suites/model.ts';
import { firstRule, ruleFrom, type Risks } from '../decision/choose-rule.ts';
import { spreadOf, type Spread } from '../decision/repeatability.ts';
import type { Rule } from '../decision/rule.ts';
import { signWord } from '../decision/sign-rule.ts';
import type { Cause, Finding, Repeatability, Word } from '../model.ts';
import { cohortRemark } from '../lint/cohort.ts';
import { flakyNotes } from '../screen/flakiness.ts';
import { screenPeers } from '../screen/peers.ts';
import { addRun, logEvidence, mixtureWord, startMixture } from '../statistics/mixture-decision.ts';
import { addValue, sortFresh, type Cell, type Cells } from './cells.ts';
import { levelFinding } from './level-finding.ts';
import type { Ledger } from './ledger.ts';
import type { Source } from './sources.ts';
import { NO_WANT, worstWord, type From, type Track, type Want } from './track.ts';

export interface LevelOptions {
  readonly criterion: Criterion;
  readonly metric: Metric | undefined;
  readonly sources: readonly Source[];
  readonly unfit: string | undefined;
  readonly cells: Cells;
  readonly ledger: Ledger;
  readonly risks: Risks;
  /** Subjects known beforehand. */
  readonly parts: number;
  readonly known: Repeatability | undefined;
  /** Trials of the first ask where this run is to give the repeatability; absent: two. */
  readonly repeats?: number;
  /** False: subjects were chosen for a retest elsewhere, and no peer screen chooses among them again. */
  readonly screened?: false;
}

/** A track that decides by level. */
export function levelTrack(options: LevelOptions): Track {
  const { criterion, cells, ledger, risks, sources } = options;
  const atLeast = criterion.bound === 'at-least';
  const cases = new Set(sources.map((source) => source.case.id));
  let rule: Rule = firstRule(
    criterion,
    risks,
    options.parts * ((options.repeats ?? 2) - 1),
    options.known,
  );
  let spread: Spread | undefined;
  let repeatability: Repeatability | undefined;
  let screened = options.screened === false;
  let touched = new Set<Cell>();
  const notes: string[] = [];
  const slow = new Map<Cell, Cause>();
  const passReasons = new Map<number, string>();

  /** Towards conformance: 0 at the limit, ln scale. */
  const logRatio = (value: number) =>
    (atLeast ? 1 : -1) * Math.log(Math.max(value, 0) / criterion.limit.value);
  const conforms = (value: number) =>
    atLeast ? value >= criterion.limit.value : value <= criterion.limit.value;

  const freeze = (round: number) => {
    const parts = [...cells.all()]
      .map((cell) => cell.values.map(logRatio).filter(Number.isFinite))
      .filter((part) => part.length > 0);
    spread = criterion.limit.value > 0 ? spreadOf(parts) : undefined;
    if (rule.kind === 'waiting') rule = ruleFrom(criterion, risks, spread);
    if (rule.kind === 'sign') return;
    const parameters = sources[0]?.parameters ?? criterion.where;
    const from = originOf(criterion, risks, options.known);
    const sigma = rule.kind === 'mixture' ? rule.sigma : (spread?.sigma ?? 0);
    repeatability = {
      metric: criterion.metric,
      parameters,
      sigma,
      classical: spread?.classical ?? sigma,
      ...(spread?.between === undefined ? {} : { between: spread.between }),
      ...(spread?.skewness === undefined ? {} : { skewness: spread.skewness }),
      degrees: spread?.degrees ?? 0,
      from,
      round,
    };
    if (spread !== undefined && spread.classical > 2 * spread.sigma) {
      notes.push(
        `${criterion.id}: single trials stray far more (${(spread.classical * 100).toFixed(2)} %) than the robust repeatability (${(spread.sigma * 100).toFixed(2)} %): the metric has transients`,
      );
    }
  };

  const decide = (cell: Cell): Word | undefined => {
    if (cell.missing > 0 || rule.kind === 'waiting' || rule.kind === 'none') return undefined;
    if (rule.kind === 'sign') return signWord(cell.values.slice(cell.from).map(conforms), rule);
    const evidence = (cell.evidence ??= startMixture());
    let word: Word | undefined;
    for (; cell.folded < cell.values.length && word === undefined; cell.folded += 1) {
      const y = logRatio(cell.values[cell.folded] as number) / rule.sigma;
      addRun(evidence, y, rule);
      word = mixtureWord(evidence, rule);
    }
    cell.logs = logEvidence(evidence);
    if (word !== undefined) cell.evidence = undefined;
    const counted = cell.folded - cell.from;
    return word ?? (counted >= rule.maxTrials ? 'inconclusive' : undefined);
  };

  const finding = (cell: Cell, end?: Parameters<Track['findings']>[0]) =>
    levelFinding(cell, end, { ...options, rule, logRatio, cause: slow.get(cell), passReasons });

  return {
    criterion,
    implicit: false,
    onNodes: false,
    sources,
    ...(options.unfit === undefined ? {} : { unfit: options.unfit }),
    take(reading, from) {
      if (reading.kind !== 'sample' || !cases.has(from.case)) return undefined;
      const cell = cells.at(reading.subject, from.nodes);
      if (cell === undefined) return undefined;
      addValue(cell, reading.value, from.attempt, atLeast);
      touched.add(cell);
      return undefined;
    },
    explain(from, cause) {
      if (!cases.has(from.case)) return;
      for (const cell of cells.on(from.nodes)) {
        if (cell.last !== from.attempt || conforms(cell.values.at(-1) as number)) continue;
        const one = cause(cell.subject);
        // A cause that was seen once is not outvoted by trials in which it did not show.
        if (one !== undefined && rankOfCause(one) < rankOfCause(slow.get(cell))) {
          slow.set(cell, one);
        }
      }
    },
    close(from: From) {
      if (!cases.has(from.case)) return;
      for (const cell of cells.on(from.nodes)) if (cell.last !== from.attempt) cell.missing += 1;
    },
    fold(round) {
      const fresh = [...touched].filter((cell) => cell.word === undefined);
      touched = new Set();
      for (const cell of fresh) sortFresh(cell, (a, b) => ledger.compare(a, b));
      if (fresh.length > 0 && repeatability === undefined) freeze(round);
      if (rule.kind === 'mixture' && !screened && fresh.length > 0) {
        screened = true;
        notes.push(...screenPeers(criterion, [...cells.all()], rule.sigma, logRatio));
      }
      const failed: Finding[] = [];
      for (const cell of fresh) {
        if (cell.from >= cell.values.length && cell.from > 0) continue;
        const word = decide(cell);
        if (word === undefined) continue;
        cell.word = word;
        if (word === 'fail') failed.push(finding(cell));
      }
      return failed;
    },
    want(of, nodes): Want {
      if (!cases.has(of.id) || rule.kind === 'none') return NO_WANT;
      const own = cells.on(nodes);
      const first = firstTrials(rule, options.repeats);
      if (own.length === 0) return { trials: first, why: 'planned' };
      let want = NO_WANT;
      for (const cell of own) {
        const one = wantOf(cell, rule, first, criterion.mandatory);
        if (one.trials > want.trials) want = one;
      }
      return want;
    },
    standing: (nodes) => standingOf(cells.on(nodes), options.unfit, rule),
    findings: (end) => [...cells.all()].map((cell) => finding(cell, end)),
    get repeatability() {
      return repeatability;
    },
    get notes() {
      const cohort = cohortRemark(criterion, conforming(cells), options.metric);
      return [
        ...notes,
        ...flakyNotes(criterion, cells.all(), rule, logRatio),
        ...(cohort === undefined ? [] : [`${criterion.id}: ${cohort.message}`]),
      ];
    },
    get maxTrials() {
      if (rule.kind === 'mixture') return rule.maxTrials;
      return rule.kind === 'sign' ? rule.trials : 0;
    },
    decisions: options.parts,
  };
}

/** One value a part that does not fail. */
function conforming(cells: Cells): readonly number[] {
  return [...cells.all()]
    .filter((cell) => cell.word !== 'fail' && cell.values.length > 0)
    .map((cell) =>
      median(cell.from < cell.values.length ? cell.values.slice(cell.from) : cell.values),
    );
}

/** Place in the order in which causes are looked for; none comes last. */
function rankOfCause(cause: Cause | undefined): number {
  const order: readonly Cause[] = ['thermal', 'power', 'link', 'neighbour', 'unexplained'];
  return cause === undefined ? order.length : order.indexOf(cause);
}

function originOf(
  criterion: Criterion,
  risks: Risks,
  known: Repeatability | undefined,
): Repeatability['from'] {
  const { sigma } = risks.decision;
  if (typeof sigma === 'object' && sigma[criterion.metric] !== undefined) return 'plan';
  return known === undefined ? 'this-run' : 'history';
}

/** Trials of the first ask. No single trial can decide, and two give a repeatability. */
function firstTrials(rule: Rule, repeats = 2): number {
  if (rule.kind === 'sign') return rule.trials;
  return rule.kind === 'mixture' ? Math.min(2, rule.maxTrials) : repeats;
}

function wantOf(cell: Cell, rule: Rule, first: number, mandatory: boolean): Want {
  if (cell.word !== undefined) return NO_WANT;
  const counted = cell.values.length - cell.from;
  // A trial that gave nothing once will do so again; a retest after the peer screen starts afresh.
  if (cell.missing > 0) return NO_WANT;
  if (counted === 0) return { trials: first, why: cell.from > 0 ? 'screen' : 'planned' };
  if (!mandatory) return NO_WANT;
  if (rule.kind === 'sign') {
    const left = rule.trials - counted;
    return left > 0 ? { trials: left, why: 'undecided' } : NO_WANT;
  }
  return rule.kind === 'mixture' && counted < rule.maxTrials
    ? { trials: 1, why: 'undecided' }
    : NO_WANT;
}

function standingOf(
  cells: readonly Cell[],
  unfit: string | undefined,
  rule: Rule,
): Word | undefined {
  if (unfit !== undefined) return 'not-tested';
  if (cells.length === 0) return 'not-tested';
  const words = cells.map((cell): Word | undefined => {
    if (cell.word !== undefined) return cell.word;
    if (cell.missing > 0) return cell.values.length === 0 ? 'not-tested' : 'inconclusive';
    return rule.kind === 'none' && cell.values.length > 0 ? 'inconclusive' : undefined;
  });
  const known = words.filter((word) => word !== undefined);
  if (known.includes('fail')) return 'fail';
  return known.length === words.length ? worstWord(known) : undefined;
}
