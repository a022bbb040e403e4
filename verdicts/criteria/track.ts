/** What every way to decide has in common: one track a criterion, fed by readings, folded by rounds. */
import type { Criterion, Subject } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Case, Why } from '../../suites/model.ts';
import type { Cause, Finding, JudgedReading, Repeatability, Word } from '../model.ts';
import type { Source } from './sources.ts';

/** What a track is told of the attempt that a reading is from. */
export interface From {
  /** Index in the ledger. */
  readonly attempt: number;
  readonly case: string;
  readonly nodes: readonly string[];
  /** Wall seconds of the attempt. */
  readonly seconds: number;
}

/** One criterion on all its subjects. */
export interface Track {
  readonly criterion: Criterion;
  /** Added by the judge, not by the plan. */
  readonly implicit: boolean;
  /** Judged on what is known of nodes, without a case. */
  readonly onNodes: boolean;
  readonly sources: readonly Source[];
  /** Why it can't be judged at all. */
  readonly unfit?: string;
  /** @returns the finding, when this reading makes it fail at once */
  take(reading: JudgedReading, from: From): Finding | undefined;
  /** What telemetry shows of the values of this attempt that fall short. */
  explain?(from: From, cause: (subject: Subject) => Cause | undefined): void;
  /** The attempt was measured: what of it was owed and is missing? */
  close(from: From): void;
  /** End of a round. @returns findings that became `fail` with it */
  fold(round: number): readonly Finding[];
  /** Trials of this case on these nodes that the criterion still wants, and why. */
  want(of: Case, nodes: readonly string[]): Want;
  /** Worst word on what a trial on these nodes measures, so far; undefined: something there is undecided. */
  standing(nodes: readonly string[]): Word | undefined;
  /** Findings that `fold` held back until a search was through: who is at fault, or what they share. */
  release?(): readonly Finding[];
  /** Every finding, decided or not. `why` says why a subject has no value; `stopped` why it was left. */
  findings(end: End): readonly Finding[];
  /** Frozen so far; undefined where no sigma is used. */
  readonly repeatability: Repeatability | undefined;
  /** Most trials of one subject, by the rule in force. */
  readonly maxTrials: number;
  /** Decisions that share the producer's risk. */
  readonly decisions: number;
  readonly notes: readonly string[];
}

export interface Want {
  readonly trials: number;
  readonly why: Why;
}

/** What is known when no more trials will come. */
export interface End {
  /** Why a trial of one of the cases on these nodes gave nothing; undefined: none was cut off or failed. */
  whyNot(cases: readonly string[], nodes: readonly string[]): string | undefined;
  /** Why the run ended before everything was decided. */
  readonly stopped?: string;
  /** The node failed already, so that no more trials were spent on it. */
  failed(node: string): boolean;
  readonly nodes: readonly Node[];
}

/** Fail outvotes everything, then what was not measured, then what is in doubt. */
const ORDER: readonly Word[] = ['fail', 'not-tested', 'inconclusive', 'pass'];

/** Place of a word, worst first. */
export function rankOf(word: Word): number {
  return ORDER.indexOf(word);
}

/** The word that a whole gets from its parts; undefined for no parts: nothing passes by absence. */
export function worstWord(words: Iterable<Word>): Word | undefined {
  let worst = ORDER.length;
  for (const word of words) worst = Math.min(worst, ORDER.indexOf(word));
  return ORDER[worst];
}

export const NO_WANT: Want = { trials: 0, why: 'planned' };
