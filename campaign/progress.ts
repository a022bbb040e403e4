/** What a run tells while it goes on: for the terminal and for `--json`. */
import type { Attempt } from '../suites/model.ts';
import type { Finding, Stopped } from '../verdicts/model.ts';

export type Phase =
  'open' | 'inventory' | 'round' | 'judge' | 'diagnose' | 'release' | 'write' | 'report' | 'seal';

export type ProgressEvent =
  | {
      readonly kind: 'phase';
      readonly phase: Phase;
      readonly round?: number;
      readonly trials?: number;
      readonly nodes?: number;
    }
  /** An attempt has begun. */
  | {
      readonly kind: 'attempt-start';
      readonly attempt: string;
      readonly case: string;
      readonly nodes: readonly string[];
    }
  | { readonly kind: 'attempt-end'; readonly attempt: Attempt }
  /** A subject fails a criterion: told at once. */
  | { readonly kind: 'finding'; readonly finding: Finding }
  /** Trials of this round that have ended, of how many; `seconds` that the rest should take. */
  | {
      readonly kind: 'eta';
      readonly done: number;
      readonly total: number;
      readonly seconds?: number;
    }
  | { readonly kind: 'stopped'; readonly reason: Stopped | 'unreachable' | 'disk-full' }
  | { readonly kind: 'warning'; readonly message: string };

/** Gets the events, in order; it must not throw and is not waited for. */
export type Progress = (event: ProgressEvent) => void;

/** Wall clock and monotonic clock: arguments, so that a test can set them. */
export interface Clock {
  readonly now: () => Date;
  /** Seconds from an arbitrary start. */
  readonly seconds: () => number;
  /** @throws the signal's reason when it is aborted first */
  sleep(seconds: number, signal: AbortSignal): Promise<void>;
}
