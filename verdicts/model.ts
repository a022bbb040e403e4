/** Findings, verdicts and the judge: pure, fed by readings. */
import type { Criterion, Origin, Parameters, Plan, Subject } from '../plan/model.ts';
import type { Domain, Fleet, Node } from '../runners/model.ts';
import type { Attempt, Case, Metric, Outcome, Reading, Sample, Why } from '../suites/model.ts';

/** What *slow* was. */
export type Cause = 'thermal' | 'power' | 'link' | 'neighbour' | 'unexplained';

/** Telemetry of one node in one attempt → what held it back; the companion's rule, given to the judge. */
export type Attribute = (
  values: Iterable<Extract<Reading, { kind: 'telemetry' }>>,
  accelerator?: string,
  window?: readonly [start: number, end: number],
) => Cause;

export type Word = 'pass' | 'fail' | 'inconclusive' | 'not-tested';

/** Repeatability used for a metric; frozen at `round`, journalled, so that a replay decides alike. Relative (ln scale). */
export interface Repeatability {
  readonly metric: string;
  readonly parameters: Parameters;
  /** Robust, pooled: what the decision uses. */
  readonly sigma: number;
  /** Classical within-part standard deviation. */
  readonly classical: number;
  /** Between-part standard deviation. */
  readonly between?: number;
  readonly skewness?: number;
  readonly degrees: number;
  readonly from: 'plan' | 'history' | 'this-run' | 'none';
  readonly round: number;
}

/** One criterion on one subject. */
export interface Finding {
  /** Criterion.id. */
  readonly criterion: string;
  readonly subject: Subject;
  /** Never by absence. */
  readonly verdict: Word;
  /** Absent when not tested. `value` in Metric.unit. */
  readonly estimate?: {
    readonly value: number;
    readonly interval?: readonly [low: number, high: number];
    /** Trials in it. */
    readonly n: number;
    /** Natural logs of the two evidence processes, STATISTICS 2.3. */
    readonly evidence?: { readonly pass: number; readonly fail: number };
  };
  /** One sentence both sides can check. */
  readonly reason: string;
  /** From telemetry: what slow was. */
  readonly cause?: Cause;
  /**
   * On several nodes: those that localisation holds it against; the others are not in doubt. Empty: it is
   * the link's own. Absent: not known.
   */
  readonly guilty?: readonly string[];
  /** On a node that its links name: the rails on which these fall short. Absent: all of them, or there are none. */
  readonly rails?: readonly number[];
  /** Attempt ids, every one counted, failed ones too. */
  readonly attempts: readonly string[];
}

/** What the judge still needs: the one thing that crosses from verdicts to campaign. Each group is one trial. */
export interface Request {
  /** Case.id. */
  readonly case: string;
  readonly groups: readonly (readonly string[])[];
  readonly why: Why;
}

/** Why a run ended before everything was decided. */
export type Stopped = 'budget' | 'interrupted' | 'time';

/** What `observe` gets of an attempt's readings: samples carry their provenance. */
export type JudgedReading =
  Exclude<Reading, { kind: 'sample' }> | ({ readonly kind: 'sample' } & Sample);

/** All that a judge knows before the first reading. */
export interface JudgeSetup {
  readonly plan: Plan;
  /** Weakest of the run. */
  readonly origin: Origin;
  /** As inventoried: with accelerators, identity and environment. */
  readonly nodes: readonly Node[];
  /** Asked for and not there. */
  readonly missing: Fleet['missing'];
  /** What the suites can run on these nodes, in plan order. */
  readonly cases: readonly Case[];
  readonly metrics: readonly Metric[];
  /** Names of checks and digests that an `exact` criterion may name. */
  readonly checks: readonly string[];
  /** From history: used where the plan gives no sigma and this run is too small to give one. */
  readonly repeatability?: readonly Repeatability[];
  /** Absent: findings carry no cause. */
  readonly attribute?: Attribute;
}

/** A fold over rounds; decision, peer screen and localisation are each one, joined by verdicts/judge.ts. */
export interface Judge {
  /**
   * In any order within a round: the fold at its end is in trial-id order. Keeps sufficient statistics.
   * @returns findings that became `fail` with this attempt, to be told at once
   */
  observe(attempt: Attempt, readings: Iterable<JudgedReading>): readonly Finding[];
  /** Ends the round. No requests = nothing more to ask. */
  next(): {
    readonly requests: readonly Request[];
    /** Frozen with this round, for the journal. */
    readonly repeatability: readonly Repeatability[];
    /** Findings that became `fail` with the round that ends, to be told at once. */
    readonly failed: readonly Finding[];
  };
  /** `stopped`: the undecided become inconclusive, with this reason. */
  decide(stopped?: Stopped): Judgement;
}

/** The verdict, and every finding (the passing ones are stored in findings.parquet only). */
export interface Judgement {
  readonly verdict: Verdict;
  /** Made anew each time they are gone through: millions, for a large fleet. */
  readonly findings: Iterable<Finding>;
}

/** Planned against measured, a row a criterion; gaps name every subject once. */
export interface Coverage {
  readonly criterion: string;
  readonly planned: number;
  readonly measured: number;
  readonly sampled?: { readonly n: number; readonly consumerRisk: number };
  readonly gaps: readonly { readonly subjects: readonly Subject[]; readonly why: string }[];
}

export type LotWord = 'accept' | 'reject' | 'inconclusive' | 'not-tested';

/** verdict.json: no clock in it, keys sorted, numbers to 12 significant digits. */
export interface Verdict {
  readonly schema: 'assay/verdict/1';
  /** Weakest of all samples used. */
  readonly origin: Origin;
  readonly lot: {
    readonly verdict: LotWord;
    readonly reasons: readonly string[];
    readonly delivered: number;
    readonly tested: number;
    readonly accepted: number;
    readonly rejected: number;
    readonly inconclusive: number;
    readonly notTested: number;
    /** Units of several nodes (slices, racks) that failed: by which nodes, and which go with them. Absent: none. */
    readonly lost?: readonly {
      readonly unit: string;
      readonly by: readonly string[];
      readonly with: readonly string[];
    }[];
  };
  /** Every node of the delivery; owner, class, next: the remedy. */
  readonly nodes: readonly {
    readonly id: string;
    /** kind:value of the strongest identity; "" when there is none. */
    readonly identity: string;
    readonly verdict: Word;
    readonly reasons: readonly string[];
    readonly accelerators: readonly { readonly id: string; readonly verdict: Word }[];
    readonly owner?: string;
    readonly class?: string;
    readonly next?: string;
  }[];
  /** Tested links that are not pass; counts are in coverage. */
  readonly links: readonly {
    readonly subject: Subject;
    readonly verdict: Word;
    readonly reason: string;
  }[];
  /** Blamed domains: a fail here makes their nodes nonconforming until re-tested. */
  readonly groups: readonly {
    readonly domain: Domain | { readonly kind: 'environment'; readonly id: string };
    readonly nodes: readonly string[];
    readonly verdict: Word;
    readonly reason: string;
  }[];
  /** Counts over subjects, and the subject nearest to (or past) its bound. */
  readonly criteria: readonly (Criterion & {
    readonly verdict: Word;
    readonly counts: Readonly<Record<Word, number>>;
    readonly worst?: Finding;
  })[];
  /** All that did not pass. */
  readonly findings: readonly Finding[];
  readonly coverage: readonly Coverage[];
  /** Bought and reached. */
  readonly errorRates: {
    /** Per decision. */
    readonly consumerRisk: number;
    /** Per lot. */
    readonly producerRisk: number;
    /** Decisions over which the producer's risk was split. */
    readonly decisions: number;
    readonly maxTrials: number;
    readonly repeatability: readonly Repeatability[];
  };
  /** What both sides should see and no word rests on: transients, flaky parts, odd ones among peers. */
  readonly notes: readonly string[];
  /** Those that did not end in measured. */
  readonly attempts: readonly { readonly id: string; readonly outcome: Outcome }[];
}

/** One sealed run that claims a delivery: what campaign/history gives to verdicts/ledger. */
export interface DeliveryRun {
  /** Run id. */
  readonly run: string;
  /** RFC 3339. */
  readonly sealedAt: string;
  /** SHA-256 of what was promised and how it is decided: runs under other terms can't be counted together. */
  readonly terms: string;
  /** Equal where two runs are of one fleet. */
  readonly fleet: string;
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Nodes that were there, with their host names where private.json is. */
  readonly nodes: readonly (Pick<Node, 'id' | 'identity' | 'domains'> & {
    readonly name?: string;
  })[];
  /** How many nodes the plan named that were not there, or were left out. */
  readonly missing: number;
}

/** A run that claims a delivery and is not counted. */
export interface NotCounted {
  /** Run id, or the folder's name. */
  readonly run: string;
  readonly why: string;
  /** The delivery can't be accepted while it stands there: it may hide a rejection. */
  readonly bars: boolean;
}
