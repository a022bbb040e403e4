/** A night: what it is given, what it finds, what is written of it. */
import type { Origin, Parameters } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Metric } from '../../suites/model.ts';
import type {
  Alarm,
  Begun,
  Confirmation,
  Declared,
  FreshRun,
  Night,
  Panel,
  Scope,
  Series,
  SeriesSubject,
} from '../../verdicts/changes/model.ts';
import type { CampaignResult } from '../setup.ts';

/** Detection as verdicts/changes has it; `S` is its state of one panel, opaque here. */
export interface Changes<S> {
  start(panel: Panel): S;
  add(state: S, subjects: readonly SeriesSubject[]): void;
  night(
    state: S,
    night: Night,
  ): {
    readonly raised: readonly Alarm[];
    readonly standing: readonly Alarm[];
    readonly begun: readonly Begun[];
  };
  fresh(alarm: Alarm, runs: readonly FreshRun[]): Confirmation;
  settle(state: S, alarm: Alarm, confirmation: Confirmation): 'opened' | 'closed' | undefined;
  close(state: S, id: string, accept: boolean): boolean;
  suspects(state: S, count: number): readonly string[];
  /** Changes of level of a series that is shown. */
  trend(series: Series, margin: number): Trend['changes'];
  store(state: S): object;
  load(stored: object): S;
}

/** Nodes that a run takes from the fleet once it is open. */
export type Choose = (nodes: readonly Node[]) => Promise<readonly string[]>;

/** One run of the night, composed by bin. */
export type Measure = (what: {
  readonly purpose: 'nightly' | 'confirm';
  /** Changes with each run, so that pairs are drawn anew. */
  readonly seed: number;
  /** Suites that are needed; absent: all of the plan. */
  readonly suites?: readonly string[];
  readonly choose: Choose;
}) => Promise<CampaignResult>;

/** What a person or a machine is told of an open alarm. */
export interface OpenAlarm {
  /** Stays the same as long as it stands. */
  readonly id: string;
  /** `change`: a series got worse. `finding`: a check failed, and failed again. */
  readonly kind: 'change' | 'finding';
  readonly metric: string;
  readonly parameters: Parameters;
  readonly unit: string;
  readonly scope: Scope;
  /** Machines that it names; 64 at most. */
  readonly serials: readonly string[];
  /** Those of them whose fresh values are past a limit of the contract, with the first such criterion. */
  readonly past: readonly { readonly serial: string; readonly criterion: string }[];
  /** How many series are affected. */
  readonly affected: number;
  /** First night of the new level, and the last good one where it is known. */
  readonly since: string;
  readonly lastGood?: string;
  /** Night on which it was confirmed and told. */
  readonly opened: string;
  /** Relative loss over the fresh runs, its standard error, and their number; absent for a finding. */
  readonly loss?: number;
  readonly error?: number;
  readonly fresh: number;
  /** Runs that confirmed it. */
  readonly runs: readonly string[];
  readonly rules: readonly string[];
  /** Declared changes near the change point, nearest first. */
  readonly near: readonly { readonly change: Declared; readonly nights: number }[];
  /** One sentence. */
  readonly reason: string;
}

/** night.json */
export interface NightFile {
  readonly schema: 'assay/night/1';
  readonly night: string;
  readonly delivery: string;
  readonly origin: Origin;
  readonly sku: string;
  /** Its run, and the fresh runs that confirmed. */
  readonly run: string;
  readonly freshRuns: readonly string[];
  readonly nodes: {
    readonly fleet: number;
    readonly tested: number;
    readonly busy: number;
    readonly missing: number;
  };
  readonly rotation: {
    /** Nights within which each node and pair class must be seen. */
    readonly every: number;
    /** Not seen for longer than that, after tonight. */
    readonly overdueNodes: readonly string[];
    readonly overdueClasses: readonly string[];
  };
  /** Days before tonight on which no night was. */
  readonly missed: readonly string[];
  readonly opened: readonly OpenAlarm[];
  readonly closed: readonly { readonly alarm: OpenAlarm; readonly by: string }[];
  /** Those opened tonight among them. */
  readonly open: readonly OpenAlarm[];
  /** Raised and neither confirmed nor cleared: looked at again next night. */
  readonly undecided: readonly string[];
  /** Raised and cleared by fresh runs. */
  readonly cleared: number;
  readonly declared: readonly Declared[];
  /** Declared changes that took effect tonight, over all metrics. Absent: none. */
  readonly begun?: readonly Begun[];
  /** Nightly values of what is drawn: the open alarms' worst series, and the fleets'. */
  readonly trends: readonly Trend[];
  /** Of the trends. */
  readonly metrics: readonly Metric[];
  readonly used: { readonly seconds: number; readonly nodeHours: number };
  readonly exit: 0 | 1 | 3;
}

/** One series that is drawn. */
export interface Trend {
  readonly title: string;
  readonly metric: string;
  readonly parameters: Parameters;
  readonly unit: string;
  /** `fleet`, or the subject. */
  readonly subject: string;
  readonly nights: readonly { readonly date: string; readonly value: number }[];
  /** First nights of new levels, with the means before and after. */
  readonly changes: readonly {
    readonly date: string;
    readonly before: number;
    readonly after: number;
  }[];
  /** Level accepted, where it is known. */
  readonly accepted?: number;
}

/** Words of a night as it goes on. */
export type NightProgress = (text: string) => void;
