/** What lint has to say of a plan. */
import type { Criterion, Part, Plan, Sourced } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Case, Suite } from '../../suites/model.ts';

/** error: `accept` does not start. warning: stands in the report. */
export interface Remark {
  readonly level: 'error' | 'warning';
  /** Criterion.id; absent: about the plan as a whole. */
  readonly criterion?: string;
  /** What is wrong, with the figures that it is judged by. */
  readonly message: string;
  /** How to mend it, one sentence. */
  readonly hint: string;
}

/** What of a suite lint asks. */
export type LintedSuite = Pick<Suite, 'id' | 'ceiling' | 'metrics' | 'checks' | 'cases'>;

/** A plan with what it would run and on what. */
export interface Setting {
  readonly plan: Plan;
  readonly part: Part | undefined;
  readonly nodes: readonly Node[];
  readonly suites: readonly LintedSuite[];
  readonly cases: readonly Case[];
}

/** One set of values that a case gives. */
export interface Given {
  readonly of: Case;
  readonly gives: Case['gives'][number];
}

/** A ceiling for one criterion, and the one that it would have without in-network reduction. */
export interface Ceiling {
  readonly highest: Sourced<number>;
  /** Without NVLS: what the wire carries. */
  readonly wire?: Sourced<number>;
}

/** What is checked of one criterion. */
export type CriterionCheck = (criterion: Criterion, setting: Setting) => readonly Remark[];
