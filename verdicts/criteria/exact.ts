/** `decide: exact`: a false check fails at once, and nothing outvotes it. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import { count } from '../show.ts';
import type { Finding, Word } from '../model.ts';
import { addAttempt, grown, type Cell, type Cells } from './cells.ts';
import type { Ledger } from './ledger.ts';
import type { Source } from './sources.ts';
import { SharedLists } from './shared-lists.ts';
import { NO_WANT, worstWord, type Track } from './track.ts';

export interface ExactOptions {
  readonly criterion: Criterion;
  readonly implicit: boolean;
  readonly sources: readonly Source[];
  readonly unfit: string | undefined;
  readonly cells: Cells;
  readonly ledger: Ledger;
}

/** A track on checks: each of its cases must have said true on each subject, and none false. */
export function exactTrack(options: ExactOptions): Track {
  const { criterion, cells, ledger, sources } = options;
  const cases = [...new Set(sources.map((source) => source.case.id))];
  /** The earliest false check of a cell, by trial: whatever came first. */
  const wrong = new Map<Cell, { readonly attempt: number; readonly text: string }>();

  /** `Cell.values` holds the places in `cases` of the true checks, one a trial and case. */
  const seen = (cell: Cell) => new Set(cell.values).size;
  /** One string for all that share it: a large fleet has a million of them. */
  const reasons = new Map<number, string>();
  const shared = new SharedLists(grown);
  const trueIn = (n: number): string => {
    const reason = reasons.get(n) ?? `${criterion.metric} true in ${count(n, 'trial')}`;
    reasons.set(n, reason);
    return reason;
  };
  const wordOf = (cell: Cell): Word => {
    if (cell.word === 'fail') return 'fail';
    if (options.unfit !== undefined || cell.values.length === 0) return 'not-tested';
    return cell.missing > 0 || seen(cell) < cases.length ? 'not-tested' : 'pass';
  };

  const finding = (cell: Cell, end?: Parameters<Track['findings']>[0]): Finding => {
    const verdict = wordOf(cell);
    const failed = wrong.get(cell)?.text;
    let reason = trueIn(cell.values.length);
    if (verdict === 'fail') reason = failed ?? reason;
    if (verdict === 'not-tested') {
      const lacks = cases.filter((_, i) => !cell.values.includes(i));
      reason =
        options.unfit ??
        end?.whyNot(lacks, subjectNodes(cell.subject)) ??
        (cell.missing > 0
          ? `${count(cell.missing, 'measured trial')} gave no ${criterion.metric} (missing, or not supported here)`
          : (end?.stopped ?? `no trial of ${lacks.slice(0, 2).join(', ')} ran`));
    }
    return {
      criterion: criterion.id,
      subject: cell.subject,
      verdict,
      ...(verdict === 'not-tested'
        ? {}
        : { estimate: { value: failed === undefined ? 1 : 0, n: cell.attempts.length } }),
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
      if (reading.kind !== 'check') return undefined;
      const place = cases.indexOf(from.case);
      const cell = cells.at(reading.subject, from.nodes);
      if (cell === undefined || (place < 0 && reading.ok)) return undefined;
      if (cell.last !== from.attempt) {
        addAttempt(cell, from.attempt);
        if (reading.ok) cell.values = shared.with(cell.values, String(place), place);
      }
      if (reading.ok) return undefined;
      const known = wrong.get(cell);
      const text = `${reading.name} is false in ${ledger.id(from.attempt)}: ${reading.detail}`;
      if (known === undefined || ledger.compare(from.attempt, known.attempt) < 0) {
        wrong.set(cell, { attempt: from.attempt, text });
      }
      if (cell.word === 'fail') return undefined;
      cell.word = 'fail';
      return finding(cell);
    },
    close(from) {
      if (!cases.includes(from.case)) return;
      for (const cell of cells.on(from.nodes)) if (cell.last !== from.attempt) cell.missing += 1;
    },
    fold: () => [],
    want(of, nodes) {
      const place = cases.indexOf(of.id);
      if (place < 0) return NO_WANT;
      const own = cells.on(nodes);
      const open = own.some(
        (cell) => cell.word === undefined && cell.missing === 0 && !cell.values.includes(place),
      );
      return open || own.length === 0 ? { trials: 1, why: 'planned' } : NO_WANT;
    },
    standing(nodes) {
      if (options.unfit !== undefined) return 'not-tested';
      const own = cells.on(nodes);
      if (own.some((cell) => cell.word === 'fail')) return 'fail';
      const open = own.some((cell) => cell.missing === 0 && seen(cell) < cases.length);
      return open ? undefined : (worstWord(own.map((cell) => wordOf(cell))) ?? 'not-tested');
    },
    findings: (end) => [...cells.all()].map((cell) => finding(cell, end)),
    repeatability: undefined,
    decisions: 0,
    maxTrials: 1,
    notes: [],
  };
}
