/**
 * Changes over time: what goes in each night, what is kept between nights, what an alarm says.
 *
 * A night of one panel: `detectNight` (detect-night.ts) → raised and standing alarms → the caller makes the
 * fresh runs that `alarm.retest` asks for → `judgeFresh` (confirm.ts) until its word is not `more` →
 * `settleAlarm` (settle.ts). `storePanel` and `loadPanel` (panel.ts) carry the state to the next night.
 */
import type { Parameters } from '../../plan/model.ts';
import type { Domain } from '../../runners/model.ts';

/** Something that subjects have in common; `node`: of its accelerators, or of the links that end there. */
export interface Part {
  readonly kind: Domain['kind'] | 'node';
  readonly id: string;
}

/** Who a series is about: known by serial, so that it goes on when a machine changes its slot. */
export interface SeriesSubject {
  /** Unique in the panel: a node's identity ("serial:ABC"), an accelerator's, a link's two ends. */
  readonly id: string;
  readonly kind: 'node' | 'accelerator' | 'link';
  /** Racks, leaves, …; for an accelerator its node; for a link both its nodes. */
  readonly parts: readonly Part[];
  /** What it was accepted with: the level in Metric.unit, and how many trials stand behind it. Absent: not known. */
  readonly accepted?: { readonly value: number; readonly trials: number };
}

/** One metric with its parameters on all subjects of one kind, SKU and delivery: series that are judged together. */
export interface Panel {
  readonly delivery: string;
  readonly metric: string;
  readonly parameters: Parameters;
  readonly better: 'higher' | 'lower';
  readonly subjects: readonly SeriesSubject[];
  /** Repeatability from acceptance, relative (ln scale), run to run. Absent: measured from the nights alone. */
  readonly repeatability?: { readonly sigma: number; readonly degrees: number };
  /** Relative loss that matters and that a confirmation must prove, (0, 1). */
  readonly margin: number;
}

/** A change that someone said: driver, firmware, image, power cap. */
export interface Declared {
  readonly id: string;
  /** First night under it, YYYY-MM-DD. */
  readonly date: string;
  /** "driver 570→580". */
  readonly what: string;
  /** Where; absent: the whole delivery. */
  readonly parts?: readonly Part[];
  /** Subject ids; absent: all of `parts`. */
  readonly subjects?: readonly string[];
  /** Both sides agreed that the level after it is the accepted one from now on. Absent: the old one stands. */
  readonly renews?: boolean;
}

/** One night's measured values of a panel. */
export interface Night {
  /** YYYY-MM-DD; later than the night before. */
  readonly date: string;
  /** A value a subject that was measured (median of its trials), Metric.unit, > 0; not seen = not in it. */
  readonly values: ReadonlyMap<string, number>;
  /** Everything declared so far; only those between the last night and this one take effect. */
  readonly declared: readonly Declared[];
}

/** Nightly values of one subject, or of a fleet's median, oldest first, Metric.unit: as history has them, for trends. */
export interface Series {
  readonly subject: string;
  readonly nights: readonly { readonly date: string; readonly value: number }[];
}

/** Who is held to be the cause. */
export type Scope =
  | { readonly kind: 'fleet' }
  | { readonly kind: Part['kind'] | SeriesSubject['kind']; readonly id: string };

/** By which rule: a step in the fleet's level, a drop in one night or three, a shift against its own baseline, or against acceptance. */
export type Rule = 'step' | 'drop' | 'shift' | 'acceptance';

/** Something got worse, as far as the nightly values say: nobody is told before fresh runs have confirmed it. */
export interface Alarm {
  /** Panel and culprit: stays the same as long as it stands. */
  readonly id: string;
  readonly delivery: string;
  readonly metric: string;
  readonly parameters: Parameters;
  readonly scope: Scope;
  readonly rules: readonly Rule[];
  /** Night on which it was raised. */
  readonly raised: string;
  /** Suspected change point: the first night of the new level, and the last before it (absent: none is known). */
  readonly since: string;
  readonly lastGood?: string;
  /** Relative loss as the nightly values have it: 0.03 = 3 % worse. */
  readonly loss: number;
  /** How many series are held to be affected, and the worst of them (64 at most). */
  readonly affected: number;
  readonly subjects: readonly string[];
  /** Declared changes near the change point, nearest first; negative: nights before it. */
  readonly near: readonly { readonly change: Declared; readonly nights: number }[];
  /** Fresh runs wanted tonight: on whom, and what a healthy one would give, Metric.unit. */
  readonly retest: readonly { readonly subject: string; readonly expected: number }[];
  /** Runs that are asked for first; `judgeFresh` says whether more are needed. */
  readonly runs: number;
  /** Standard deviation of one fresh run about `expected`, relative, night to night included. */
  readonly sigma: number;
  readonly margin: number;
  readonly better: 'higher' | 'lower';
  /** Of one that stands: what the fresh runs of earlier nights say for its recovery. Absent: nothing yet. */
  readonly passing?: Passing;
}

/** Log evidence for a recovery at each design point of the mixture, 0 or more. */
export type Passing = readonly [number, number, number];

/** One fresh run made for an alarm, on the night it was raised. */
export interface FreshRun {
  readonly subject: string;
  /** Metric.unit. A run that failed is no value: it has its own finding. */
  readonly value: number;
}

/** What fresh runs say of an alarm. */
export interface Confirmation {
  /**
   * confirmed: the loss beyond the margin is proved. recovered: that there is none. more: ask for `next`.
   * undecided: neither, after as many runs as are worth it; nobody is told, and it is looked at again next night.
   */
  readonly word: 'confirmed' | 'recovered' | 'more' | 'undecided';
  /** Subjects to run once more each; empty unless `more`. */
  readonly next: readonly string[];
  /** Fresh runs counted. */
  readonly n: number;
  /** Relative loss over the fresh runs, and its standard error. */
  readonly loss: number;
  readonly error: number;
  /** Natural logs of the two evidence processes, STATISTICS 2.3. */
  readonly evidence: { readonly pass: number; readonly fail: number };
  /** What stays of it for the next night, should the alarm stand. */
  readonly passing: Passing;
}

/** A declared change that took effect: from tonight on what it touches is held against what is measured from tonight on. */
export interface Begun {
  readonly change: Declared;
  /** Series whose baselines begin anew. */
  readonly series: number;
  /** Those of them with no accepted or early level to be held against: what tonight cost them is not seen. */
  readonly unheld: number;
}
