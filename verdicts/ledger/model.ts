/** A delivery over its runs: what each serial counts as, and what that comes to. */
import type { Origin } from '../../plan/model.ts';
import type { LotResult } from '../lots/census.ts';
import type { LotWord, NotCounted, Word } from '../model.ts';

/** A machine in one run. */
export interface Sighting {
  readonly run: string;
  /** Node id in that run. */
  readonly node: string;
  readonly verdict: Word;
}

/** A machine that was rejected or returned, and is there again. */
export interface CameBack {
  readonly run: string;
  readonly node: string;
  readonly after: 'rejected' | 'replaced';
  /** Under another host name or with another strongest identity: presented as a new one. */
  readonly renamed: boolean;
}

/** One serial. */
export interface LedgerRow {
  /** kind:value of the strongest identity under which it was first seen. */
  readonly identity: string;
  /** Every run that it was in, oldest first. */
  readonly sightings: readonly Sighting[];
  /** By its latest complete evidence; a fail stands until it passes again. */
  readonly verdict: Word;
  /** Run that the verdict is from; absent: never completely tested. */
  readonly from?: string;
  /** Why it does not pass. */
  readonly reasons: readonly string[];
  /** Another machine stands in its place: it no longer counts among the delivery's units. */
  readonly replacedBy?: {
    readonly identity: string;
    readonly run: string;
    /** name: the host name has that serial now. count: more units came than were bought. */
    readonly by: 'name' | 'count';
  };
  readonly replaces: readonly string[];
  readonly cameBack: readonly CameBack[];
  /** Identities of machines that stand beside it and have a part with it in common. */
  readonly shares: readonly string[];
}

/** The delivery as it stood after one of its runs. */
export interface LedgerStep {
  readonly run: string;
  readonly sealedAt: string;
  /** What the plan of this run calls its lot. */
  readonly reference: string;
  /** Serials never seen before. */
  readonly fresh: number;
  /** The run's own verdict, and the delivery's after it. */
  readonly own: LotWord;
  readonly delivery: LotWord;
  /**
   * Everything delivered until then, replaced or not: serials decided, those of them that ever failed, and
   * the one-sided 95 % upper bound on their share. Absent: none decided.
   */
  readonly total?: {
    readonly tested: number;
    readonly nonconforming: number;
    readonly upper: number;
  };
}

/** A contract's day against the day asked for. */
export interface DueDate {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Whole days from the day asked for; negative: past. */
  readonly inDays: number;
}

/** `<out>/deliveries/<slug>/verdict.json`. */
export interface DeliveryVerdict {
  readonly schema: 'assay/delivery/1';
  readonly reference: string;
  /** Weakest of the runs counted. */
  readonly origin: Origin;
  /** SHA-256 of criteria and decision, frozen by the first run. */
  readonly terms: string;
  /** Day that the dates are held against, YYYY-MM-DD. */
  readonly on: string;
  readonly lot: LotResult;
  /** Day of the run with which it was accepted, where it still is. */
  readonly acceptedOn?: string;
  readonly milestone?: DueDate;
  /**
   * By contract alone: it changes no verdict. `given`: serials not passed and not rejected by that day, once
   * it is past. `late`: serials that were first rejected after it.
   */
  readonly deemed?: DueDate & {
    readonly given: readonly string[];
    readonly late: readonly string[];
  };
  readonly serials: readonly LedgerRow[];
  readonly runs: readonly LedgerStep[];
  readonly notCounted: readonly NotCounted[];
  /** What both sides should see: what came back, swaps of accepted machines, nodes that can't be followed. */
  readonly notes: readonly string[];
}
