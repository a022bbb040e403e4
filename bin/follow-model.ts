/** What the thread that judges and the thread that runs the trials say to each other. */
import type { Follower } from '../campaign/follower.ts';
import type { ReadOrder, ReadOutcome } from '../campaign/stored.ts';
import type { HarnessError } from '../plan/errors.ts';
import type { Plan } from '../plan/model.ts';
import type { Finding, Stopped } from '../verdicts/model.ts';

/** What the thread is started with. */
export interface Start {
  readonly path: string;
  readonly plan: Plan;
  readonly nodes: number;
}

/** Answers by question. */
export interface Answer {
  /** In the order of the orders. */
  readonly read: readonly ReadOutcome[];
  readonly ready: undefined;
  readonly inventoried: Awaited<ReturnType<Follower['inventoried']>>;
  readonly next: Awaited<ReturnType<Follower['next']>>;
  readonly decide: Awaited<ReturnType<Follower['decide']>>;
  readonly write: undefined;
  readonly close: undefined;
}

export interface Question {
  readonly id: number;
  readonly ask: keyof Answer;
  /** Of `decide`. */
  readonly stopped?: Stopped;
  /** Of `read`: those that came together. */
  readonly orders?: readonly ReadOrder[];
}

/** What the thread says. */
export type Said =
  | { readonly failed: readonly Finding[] }
  | { readonly id: number; readonly value: Answer[keyof Answer] }
  | {
      readonly id: number;
      readonly error: {
        /** Absent: a bug. */
        readonly code?: HarnessError['code'];
        readonly message: string;
        readonly hint?: string;
        readonly details?: HarnessError['details'];
        readonly stack?: string;
      };
    };
