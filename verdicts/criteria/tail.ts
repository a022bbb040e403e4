/** `decide: tail`: the share of requests over the bound, by MLPerf's early stopping in several windows. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Metric } from '../../suites/model.ts';
import type { Risks } from '../decision/choose-rule.ts';
import type { Finding, Word } from '../model.ts';
import { count, showBound } from '../show.ts';
import { earlyStoppingQueries } from '../statistics/early-stopping.ts';
import { exceedance } from '../statistics/exceedance.ts';
import { addAttempt, type Cell, type Cells } from './cells.ts';
import type { Ledger } from './ledger.ts';
import type { Source } from './sources.ts';
import { NO_WANT, worstWord, type Track } from './track.ts';

export interface TailOptions {
  readonly criterion: Criterion;
  readonly implicit: boolean;
  readonly metric: Metric | undefined;
  readonly sources: readonly Source[];
  readonly unfit: string | undefined;
  readonly cells: Cells;
  readonly ledger: Ledger;
  readonly risks: Risks;
}

/** Requests under a queue are correlated: every one of so many load windows must pass (STATISTICS 2.7). */
const WINDOWS = 3;
const CONFIDENCE = 0.99;
/** Where the criterion names no percentile. */
const PERCENTILE = 0.99;

interface Window {
  /** Ledger index of its attempt. */
  readonly attempt: number;
  readonly over: number;
  readonly of: number;
}

/** A track on tallies. `where.percentile` (a share below 1, or in percent) names the tail; default 0.99. */
export function tailTrack(options: TailOptions): Track {
  const { criterion, cells, ledger, sources, metric } = options;
  const cases = new Set(sources.map((source) => source.case.id));
  const percentile = percentileOf(criterion);
  const risk = options.risks.decision.producerRisk / Math.max(1, options.risks.decisions);
  const windows = new Map<Cell, Window[]>();
  const most = Math.max(WINDOWS, options.risks.decision.maxTrials ?? 2 * WINDOWS);

  const passes = (one: Window) => one.of >= earlyStoppingQueries(one.over, percentile, CONFIDENCE);
  const wordOf = (cell: Cell): Word => {
    const own = windows.get(cell) ?? [];
    if (cell.word !== undefined) return cell.word;
    if (options.unfit !== undefined || own.length === 0) return 'not-tested';
    return cell.missing === 0 && own.length >= WINDOWS && own.every(passes)
      ? 'pass'
      : 'inconclusive';
  };
  const finding = (cell: Cell, end?: Parameters<Track['findings']>[0]): Finding => {
    const verdict = wordOf(cell);
    const own = windows.get(cell) ?? [];
    const tallies = [...own]
      .sort((a, b) => ledger.compare(a.attempt, b.attempt) || a.over - b.over)
      .map((one) => `${one.over} of ${one.of}`)
      .join(', ');
    const reason =
      verdict === 'not-tested'
        ? (options.unfit ??
          end?.whyNot([...cases], subjectNodes(cell.subject)) ??
          end?.stopped ??
          'no window gave a tally of its requests')
        : `requests beyond ${showBound(criterion, metric)}: ${tallies} in ${count(own.length, 'window')}; at p${percentile * 100} with ${CONFIDENCE * 100} % confidence every one of at least ${WINDOWS} windows must pass`;
    const total = totalOf(own);
    return {
      criterion: criterion.id,
      subject: cell.subject,
      verdict,
      ...(verdict === 'not-tested'
        ? {}
        : { estimate: { value: total.of === 0 ? 0 : total.over / total.of, n: own.length } }),
      reason,
      attempts: ledger.ids(cell.attempts),
    };
  };

  return {
    criterion,
    implicit: options.implicit,
    onNodes: false,
    sources,
    ...(options.unfit === undefined ? {} : { unfit: options.unfit }),
    take(reading, from) {
      if (reading.kind !== 'sample' || !cases.has(from.case)) return undefined;
      const cell = cells.at(reading.subject, from.nodes);
      if (cell === undefined || reading.tally === undefined || reading.tally.of === 0) {
        return undefined;
      }
      const own = windows.get(cell) ?? [];
      windows.set(cell, own);
      if (cell.last !== from.attempt) addAttempt(cell, from.attempt);
      own.push({ ...reading.tally, attempt: from.attempt });
      return undefined;
    },
    close(from) {
      if (!cases.has(from.case)) return;
      for (const cell of cells.on(from.nodes)) if (cell.last !== from.attempt) cell.missing += 1;
    },
    fold() {
      return [...windows].flatMap(([cell, own]) => {
        if (cell.word !== undefined || own.length < WINDOWS) return [];
        const { over, of } = totalOf(own);
        // As unlikely as the plan allows, if no more than 1 − p of all requests were beyond the bound.
        if (exceedance(over, of, 1 - percentile) > risk) return [];
        cell.word = 'fail';
        return [finding(cell)];
      });
    },
    want(of, nodes) {
      if (!cases.has(of.id)) return NO_WANT;
      const own = cells.on(nodes);
      if (own.length === 0) return { trials: WINDOWS, why: 'planned' };
      let trials = 0;
      for (const cell of own) {
        const seen = windows.get(cell)?.length ?? 0;
        if (cell.missing > 0 || wordOf(cell) === 'pass' || cell.word !== undefined) continue;
        if (seen === 0) return { trials: WINDOWS, why: 'planned' };
        if (seen < most && criterion.mandatory) trials = Math.max(1, WINDOWS - seen, trials);
      }
      return { trials, why: 'undecided' };
    },
    standing(nodes) {
      const own = cells.on(nodes);
      const open = own.some(
        (cell) =>
          cell.word === undefined &&
          cell.missing === 0 &&
          wordOf(cell) !== 'pass' &&
          (windows.get(cell)?.length ?? 0) < most,
      );
      return open ? undefined : (worstWord(own.map((cell) => wordOf(cell))) ?? 'not-tested');
    },
    findings: (end) => [...cells.all()].map((cell) => finding(cell, end)),
    repeatability: undefined,
    get decisions() {
      return [...cells.all()].length;
    },
    maxTrials: most,
    notes: [],
  };
}

function percentileOf(criterion: Criterion): number {
  const written = criterion.where['percentile'];
  if (typeof written !== 'number' || !(written > 0)) return PERCENTILE;
  return written < 1 ? written : Math.min(written / 100, 0.9999);
}

function totalOf(windows: readonly Window[]) {
  return {
    over: windows.reduce((sum, one) => sum + one.over, 0),
    of: windows.reduce((sum, one) => sum + one.of, 0),
  };
}
