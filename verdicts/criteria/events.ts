/** `decide: events`: counts that must not grow during the run; one too many fails at once. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Metric } from '../../suites/model.ts';
import type { Finding, Word } from '../model.ts';
import { count, show, showBound } from '../show.ts';
import { addAttempt, addValue, grown, type Cell, type Cells } from './cells.ts';
import type { Ledger } from './ledger.ts';
import type { Source } from './sources.ts';
import { SharedLists } from './shared-lists.ts';
import { NO_WANT, worstWord, type Track } from './track.ts';

export interface EventsOptions {
  readonly criterion: Criterion;
  readonly implicit: boolean;
  readonly metric: Metric | undefined;
  readonly sources: readonly Source[];
  readonly cells: Cells;
  readonly ledger: Ledger;
}

/** −ln 0.05: with no event in T the one-sided 95 % bound of a Poisson rate is 3.0/T (STATISTICS 2.3). */
const NONE_SEEN = -Math.log(0.05);

/** A track on counts of events, whatever trial they came with. */
export function eventsTrack(options: EventsOptions): Track {
  const { criterion, cells, ledger, metric } = options;
  /** Nearly all parts have seen nothing, as often as the others. */
  const counts = new SharedLists(grown);
  const sum = (cell: Cell) => cell.values.reduce((total, one) => total + one, 0);

  const wordOf = (cell: Cell): Word => {
    if (cell.word === 'fail') return 'fail';
    return cell.values.length === 0 ? 'not-tested' : 'pass';
  };
  const finding = (cell: Cell, end?: Parameters<Track['findings']>[0]): Finding => {
    const verdict = wordOf(cell);
    const hours = ledger.microseconds(cell.attempts) / 3.6e9;
    const seen = `${show(sum(cell), metric)} in ${count(cell.values.length, 'trial')} (${hours.toPrecision(3)} h)`;
    const reason =
      verdict === 'not-tested'
        ? (end?.whyNot([], subjectNodes(cell.subject)) ??
          `no trial gave ${criterion.metric} (its counter could not be read, or no companion ran)`)
        : `${seen} against ${showBound(criterion, metric)}`;
    return {
      criterion: criterion.id,
      subject: cell.subject,
      verdict,
      ...(verdict === 'not-tested'
        ? {}
        : { estimate: { value: sum(cell), n: cell.values.length } }),
      reason,
      attempts: ledger.ids(cell.attempts),
    };
  };

  return {
    criterion,
    implicit: options.implicit,
    onNodes: false,
    sources: options.sources,
    take(reading, from) {
      if (reading.kind !== 'sample') return undefined;
      const cell = cells.at(reading.subject, from.nodes);
      if (cell === undefined) return undefined;
      if (cell.last === from.attempt) {
        addValue(cell, reading.value, from.attempt, criterion.bound === 'at-least');
      } else {
        addAttempt(cell, from.attempt);
        cell.values = counts.with(cell.values, String(reading.value), reading.value);
      }
      const beyond =
        criterion.bound === 'at-most'
          ? sum(cell) > criterion.limit.value
          : sum(cell) < criterion.limit.value;
      if (!beyond || cell.word === 'fail') return undefined;
      cell.word = 'fail';
      return finding(cell);
    },
    close: () => undefined,
    fold: () => [],
    want: () => NO_WANT,
    standing: (nodes) => worstWord(cells.on(nodes).map((cell) => wordOf(cell))) ?? 'not-tested',
    findings: (end) => [...cells.all()].map((cell) => finding(cell, end)),
    repeatability: undefined,
    decisions: 0,
    maxTrials: 0,
    get notes() {
      let total = 0;
      let time = 0;
      for (const cell of cells.all()) {
        total += sum(cell);
        time += ledger.microseconds(cell.attempts);
      }
      const hours = time / 3.6e9;
      if (total > 0 || hours === 0) return [];
      const bound = `at 95 % confidence below one in ${(hours / NONE_SEEN).toPrecision(3)} ${criterion.per}-hours`;
      return [
        `${criterion.id}: none in ${hours.toPrecision(3)} ${criterion.per}-hours, so ${bound}`,
      ];
    },
  };
}
