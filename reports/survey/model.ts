/** What one reading of a run keeps for its reports: bounded by the fleet, not by what was measured. */
import type { StreamEntry, TelemetryRow } from '../../campaign/directory/model.ts';
import type { Criterion, Expense, Parameters } from '../../plan/model.ts';
import type { Attempt, Outcome, Sample } from '../../suites/model.ts';
import type { Finding, Verdict } from '../../verdicts/model.ts';
import type { Growing } from '../growing.ts';
import type { PairSquare } from './pairs.ts';

/** One criterion over all its subjects. */
export interface Spread {
  /** With verdict and counts where the run has a verdict. */
  readonly criterion: Criterion;
  /** Estimates of all subjects, in Metric.unit, in order of arrival. */
  readonly values: Growing;
  /** Estimates that did not pass: what a chart marks one by one. */
  readonly marked: { readonly value: number; readonly finding: Finding }[];
  /** By index in `Survey.nodeIds`: the estimate nearest to (or furthest past) the limit there; NaN: none. */
  readonly worst: Float64Array;
  /** Trials in that estimate. */
  readonly n: Uint16Array;
  /** Of a criterion on links between nodes: who was measured with whom. */
  readonly pairs?: PairSquare;
}

/** Values measured that no criterion asks for. */
export interface Unjudged {
  readonly metric: string;
  readonly parameters: Parameters;
  readonly values: Growing;
}

/** Attempts of one case. */
export interface CaseTally {
  readonly id: string;
  readonly suite: string;
  /** Seconds that a trial was expected to take. */
  readonly expected: number;
  readonly seconds: Growing;
  measured: number;
  failed: number;
  /** Cut off by our own end, without an outcome. */
  cut: number;
}

/** An attempt that did not end in measured. */
export interface LostAttempt {
  readonly attempt: Attempt;
  readonly outcome?: Exclude<Outcome, { status: 'measured' }>;
}

/** All of it. */
export interface Survey {
  readonly nodeIds: readonly string[];
  readonly nodeIndex: ReadonlyMap<string, number>;
  readonly verdict?: Verdict;
  /** By Criterion.id, in plan order. */
  readonly spreads: ReadonlyMap<string, Spread>;
  readonly findings: number;
  readonly unjudged: readonly Unjudged[];
  /** Samples of kinds past the number that is listed. */
  readonly unjudgedLeftOut: number;
  /** Every sample that a criterion uses where there are few; else those of findings that did not pass and of the worst. */
  readonly samples: readonly Sample[];
  readonly samplesTotal: number;
  readonly samplesComplete: boolean;
  readonly cases: readonly CaseTally[];
  readonly lost: readonly LostAttempt[];
  readonly attempts: { readonly measured: number; readonly failed: number; readonly cut: number };
  /** Node-seconds claimed by attempts. */
  readonly nodeSeconds: number;
  /** By attempt id: streams of attempts that the report names. */
  readonly streams: ReadonlyMap<string, readonly StreamEntry[]>;
  readonly redactions: number;
  readonly telemetry: {
    /** Node furthest past, or nearest to, its limit; and the one in the middle. */
    readonly worst?: string;
    readonly median?: string;
    readonly rows: readonly TelemetryRow[];
  };
  /** RFC 3339, controller's clock: first and last event of the journal. */
  readonly from?: string;
  readonly to?: string;
  /** What the run used; absent: it was killed. */
  readonly used?: Expense;
}
