/** What the judge keeps of attempts: enough to name them, and how each trial of a round ended. */
import type { Attempt, Outcome } from '../../suites/model.ts';

/** How a trial of the current round ended, over all its attempts. */
export interface EndedTrial {
  readonly id: string;
  readonly case: string;
  readonly nodes: readonly string[];
  /** One of its attempts was measured. */
  measured: boolean;
  /** Outcome of its latest failed attempt. */
  failure?: { readonly ordinal: number; readonly outcome: Failed };
}

/** An outcome that is not measured. */
export type Failed = Extract<Outcome, { status: 'failed' }>;

/** Attempts by index, so that 10,000 nodes' findings hold numbers instead of strings. */
export interface Ledger {
  /** @returns index of the attempt */
  add(attempt: Attempt): number;
  id(index: number): string;
  /** Their lengths, added up; whole, so that the sum is the same in whatever order they came. */
  microseconds(indices: readonly number[]): number;
  /** Their ids, in the order of `compare`: whatever the order in which they came. */
  ids(indices: readonly number[]): readonly string[];
  /** Order of two attempts within a round: by trial ordinal, then trial id, then attempt. */
  compare(a: number, b: number): number;
  /** Trials ended since the last call, in trial-id order. */
  takeRound(): EndedTrial[];
  /** Attempts that ended and were not measured, sorted by id. */
  failed(): { readonly id: string; readonly outcome: Outcome }[];
}

interface Entry {
  readonly id: string;
  readonly trial: string;
  readonly repetition: number;
  readonly ordinal: number;
  /** Whole. */
  readonly microseconds: number;
}

/** An empty ledger. */
export function createLedger(): Ledger {
  const entries: Entry[] = [];
  const failures: { id: string; outcome: Outcome }[] = [];
  let round = new Map<string, EndedTrial>();
  /** The parts of a node have one list of attempts, and come one after the other. */
  let latest: { readonly of: readonly number[]; readonly ids: readonly string[] } = {
    of: [],
    ids: [],
  };
  const compare = (a: number, b: number): number => {
    const one = entries[a];
    const other = entries[b];
    if (one === undefined || other === undefined) return a - b;
    return (
      one.repetition - other.repetition ||
      byText(one.trial, other.trial) ||
      one.ordinal - other.ordinal
    );
  };
  return {
    add(attempt) {
      const { id, trial, outcome, ordinal, seconds } = attempt;
      const microseconds = Math.round(seconds * 1e6);
      entries.push({ id, trial: trial.id, repetition: trial.ordinal, ordinal, microseconds });
      if (outcome !== undefined) {
        const ended = round.get(trial.id) ?? {
          id: trial.id,
          case: trial.case,
          nodes: trial.nodes,
          measured: false,
        };
        round.set(trial.id, ended);
        if (outcome.status === 'measured') ended.measured = true;
        else {
          failures.push({ id: attempt.id, outcome });
          if (ordinal >= (ended.failure?.ordinal ?? 0)) ended.failure = { ordinal, outcome };
        }
      }
      return entries.length - 1;
    },
    id: (index) => entries[index]?.id ?? '',
    microseconds: (indices) =>
      indices.reduce((sum, index) => sum + (entries[index]?.microseconds ?? 0), 0),
    ids(indices) {
      if (indices !== latest.of) {
        const ids = [...indices].sort(compare).map((index) => entries[index]?.id ?? '');
        latest = { of: indices, ids };
      }
      return latest.ids;
    },
    compare,
    takeRound() {
      const ended = [...round.values()].sort((a, b) => byText(a.id, b.id));
      round = new Map();
      return ended;
    },
    failed: () => failures.sort((a, b) => byText(a.id, b.id)),
  };
}

/** Order by code units: the same on every machine, whatever its locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
