/** What a selftest is made of: rules as data, each with how it is broken and what must come of it. */
import type { Plan } from '../../plan/model.ts';
import type { PlacedStep } from '../../runners/model.ts';
import type { Fault } from '../../runners/sim/options.ts';
import type { Case } from '../../suites/model.ts';
import type { LotWord, Verdict, Word } from '../../verdicts/model.ts';

/** The process whose output an edit gets. */
export interface Place {
  readonly step: PlacedStep;
  /** Node id. */
  readonly node: string;
  /** Which trial of its case on its nodes, from 0. */
  readonly trial: number;
}

/** Lines of one process's standard output → what is printed instead; line ends are added. */
export type Edit = (lines: readonly string[], place: Place) => readonly string[];

/** One thing that is broken. Samples, findings and verdicts are never touched. */
export interface Break {
  /** Bytes as they leave the node: before redactor, evidence and readers. */
  readonly bytes?: Edit;
  /** What is wrong with simulated nodes. */
  readonly faults?: readonly Fault[];
  /** What was bought, promised or allowed. */
  readonly plan?: (plan: Plan) => Plan;
  /** After so many attempts: the time jumps ahead by a day, or the run is interrupted. */
  readonly after?: { readonly attempts: number; readonly happens: 'a-day' | 'interrupt' };
  /** The sealed run on disk, before it is verified. */
  readonly disk?: (run: string) => Promise<void>;
}

/** What must come of a break. */
export type Must =
  /** The run ends so, and with this finding or reason: another rule that catches it too doesn't count. */
  | {
      readonly lot: readonly LotWord[];
      readonly finding?: {
        /** Criterion.id */
        readonly criterion: string;
        readonly words: readonly Word[];
        /** Node that its subject stands on; absent: any. */
        readonly node?: string;
      };
      /** In the lot's reasons. */
      readonly reason?: RegExp;
    }
  /** No verdict is given and the run can be resumed. */
  | { readonly unsealed: true }
  /** Verification refuses the run, saying so. */
  | { readonly refused: RegExp };

/** A rule of the decision and its proof. */
export interface Rule {
  readonly id: string;
  /** What is broken, in words. */
  readonly broken: string;
  readonly break: Break;
  readonly must: Must;
}

/** A rule that has nothing to hold on to in this plan. */
export interface Idle {
  readonly id: string;
  readonly why: string;
}

/** What the rules know of the fleet that passed. */
export interface Healthy {
  readonly plan: Plan;
  /** As planned on its nodes. */
  readonly cases: readonly Case[];
  readonly verdict: Verdict;
  /** Node that is broken, and another. */
  readonly victim: string;
  readonly other: string;
  readonly nodes: readonly string[];
  /** Index of the accelerator that is broken. */
  readonly accelerator: number;
  /** Attempts of the whole run. */
  readonly attempts: number;
  /** Trials of a case that the victim took part in. */
  trials(caseId: string): number;
}

/** Verdict and reason of one run; `verdict` is a lot's word, or what became of the run instead. */
export interface Ended {
  readonly verdict: LotWord | 'not-sealed' | 'verified' | 'refused';
  readonly reason: string;
}

/** One line of the table. */
export interface Row {
  readonly rule: string;
  readonly broken: string;
  readonly before: Ended;
  readonly after: Ended;
  /** As it must: with the finding or reason that the rule owes. */
  readonly changed: boolean;
  /** What was owed; set where it did not come. */
  readonly expected?: string;
}

/** What a kind of criterion gives: how it is pushed past its bound, and how it is made to be absent. */
export type Proofs = Readonly<Record<'past' | 'absent', Pick<Rule, 'broken' | 'break'>>> | string;
