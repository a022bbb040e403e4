/** What a comparison of runs is made from, and what it comes to. */
import type { Origin, Parameters } from '../../plan/model.ts';
import type { Metric } from '../../suites/model.ts';

/** One independent unit of one run: a value a part and trial. */
export interface ComparedUnit {
  readonly id: string;
  readonly parts: readonly { readonly id: string; readonly values: readonly number[] }[];
}

/** One metric under one set of parameters in one run. */
export interface Measured {
  readonly metric: Metric;
  readonly parameters: Parameters;
  /** Kind of subject that it was measured on. */
  readonly per: string;
  readonly units: readonly ComparedUnit[];
}

/** One run as far as a comparison goes. */
export interface ComparedRun {
  readonly id: string;
  readonly delivery: string;
  readonly provider: string;
  readonly sku: string;
  readonly origin: Origin;
  /** Start, RFC 3339. */
  readonly date: string;
  readonly nodes: number;
  /** Absent: not known here (private.json). */
  readonly price?: { readonly perNodeHour: number; readonly currency: string };
  /** Fact → its values over the nodes, sorted. */
  readonly environment: Readonly<Record<string, readonly string[]>>;
  /** Key of metric, kind of subject and parameters → what was measured. */
  readonly measured: ReadonlyMap<string, Measured>;
}

/** As verdicts/compare gives it. */
export interface Effect {
  readonly kind: 'ratio' | 'difference';
  readonly value: number;
  readonly interval?: readonly [low: number, high: number];
  readonly confidence: number;
  readonly level: 'unit' | 'part' | 'trial';
  readonly method: 'paired' | 'welch';
  readonly n: readonly [first: number, second: number];
}

/** One metric of one run against the first run. */
export interface Compared {
  readonly run: string;
  readonly metric: string;
  readonly parameters: Parameters;
  readonly per: string;
  readonly unit: string;
  readonly effect: Effect;
  /** From the interval; `open`: it holds no difference, or there is none. */
  readonly word: 'better' | 'worse' | 'open';
  /** The ratio per money spent, where both prices are known in one currency. */
  readonly perCost?: Pick<Effect, 'value' | 'interval'>;
}

/** What could not be compared, by name. */
export interface Refused {
  readonly run: string;
  readonly metric: string;
  readonly parameters: Parameters;
  readonly why: string;
}

/** `assay compare`, also as JSON. */
export interface Comparison {
  readonly schema: 'assay/compare/1';
  /** The first is what the others are held against. */
  readonly runs: readonly Omit<ComparedRun, 'measured' | 'environment' | 'price'>[];
  readonly compared: readonly Compared[];
  readonly refused: readonly Refused[];
  /** What else differed: fact → values by run, in the order of `runs`. */
  readonly differences: readonly {
    readonly fact: string;
    readonly values: readonly (readonly string[])[];
  }[];
}
