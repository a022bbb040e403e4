/** What a suite is: cases, the programs that measure them, and the reader of their output. */
import type { Origin, Parameters, Sourced, Subject } from '../plan/model.ts';
import type { Exit, Node, PlacedStep, SimulatedNode, Step } from '../runners/model.ts';

export interface Metric {
  /** suite.case.quantity, parameters apart: "nccl.all_reduce.busbw". */
  readonly id: string;
  /** Stored unit, SI base: "B/s", "FLOP/s", "s", "1". */
  readonly unit: string;
  /** Shown unit: GB/s = 1e9 B/s, factor 1e-9. */
  readonly display: { readonly unit: string; readonly factor: number; readonly digits: number };
  /** Which way is better. */
  readonly better: 'higher' | 'lower';
  /** Formula and where it is defined. */
  readonly source: string;
}

/** A place in an attempt's output: one line of one process's stream, from 1. */
export interface Line {
  /** Step.index in the attempt. */
  readonly step: number;
  readonly node: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: number;
}

/** One number of one trial as a reader gives it; already aggregated over its iterations. */
export interface Measurement {
  /** Metric.id, declared by the suite. */
  readonly metric: string;
  /** Set from the session, never from output. */
  readonly subject: Subject;
  /** All that it depends on. */
  readonly parameters: Parameters;
  /** Finite, in Metric.unit. */
  readonly value: number;
  /** Iterations inside, for show only, never for an interval. */
  readonly iterations?: {
    readonly n: number;
    readonly min: number;
    readonly median: number;
    readonly max: number;
  };
  /** Tail metrics: requests over the bound, of how many. */
  readonly tally?: { readonly over: number; readonly of: number };
  /** Seconds on the node's own clock: telemetry is joined by this, so a wrong clock does no harm. */
  readonly window?: readonly [start: number, end: number];
  /** Where it was read; a group value names the line of its slowest rank. */
  readonly at: Line;
}

/** A measurement with its provenance: what is stored, judged and shown. An absent value is an absent Sample. */
export interface Sample extends Omit<Measurement, 'at'> {
  /** Attempt it was read from. */
  readonly attempt: string;
  /** Uncompressed stream in the evidence, its SHA-256, and the line from 1. */
  readonly evidence: { readonly stream: string; readonly sha256: string; readonly line: number };
  /** Copied from the fleet. */
  readonly origin: Origin;
}

/** What a reader gives, one at a time. */
export type Reading =
  | ({ readonly kind: 'sample' } & Measurement)
  /** Correctness: a false one can't be outvoted. `name` is what an `exact` criterion names. */
  | {
      readonly kind: 'check';
      readonly subject: Subject;
      readonly name: string;
      readonly parameters: Parameters;
      readonly ok: boolean;
      readonly detail: string;
      readonly at: Line;
    }
  /** Equal on all parts of one SKU and library, or the minority is retested (bitwise screen). */
  | {
      readonly kind: 'digest';
      readonly subject: Subject;
      readonly name: string;
      readonly parameters: Parameters;
      readonly value: string;
      readonly at: Line;
    }
  /** Clock, power, temperature, throttle, ECC, XID, link counters; `at` in seconds, node's clock. */
  | {
      readonly kind: 'telemetry';
      readonly node: string;
      readonly accelerator?: string;
      readonly at: number;
      readonly field: string;
      readonly value: number;
    }
  /** Transport, versions, knobs in force; at most 4 KiB. */
  | { readonly kind: 'fact'; readonly node: string; readonly name: string; readonly value: string }
  /** Heartbeat: names the rank that did not arrive. */
  | {
      readonly kind: 'progress';
      readonly node: string;
      readonly rank: number;
      readonly operation: string;
      readonly at: number;
      /** Steps done in the operation, where the rank's end says so. */
      readonly call?: number;
    };

/** One parametrised benchmark, not placed yet. Repetition is not here: it is trials. */
export interface Case {
  /** Suite, driver, parameters: stable between runs; [a-z0-9._=-] only. */
  readonly id: string;
  /** Suite.id. */
  readonly suite: string;
  /** Sizes, dtypes, collective, library (nccl | gloo | rccl | xla). */
  readonly parameters: Parameters;
  /** What it claims: one node, or the nodes of one group (a Request's groups are a trial each). */
  readonly scope: 'node' | 'pair' | 'domain' | 'lot' | 'endpoint';
  /** Metrics, checks and digests it will give on each subject of its kind: coverage is planned from this. */
  readonly gives: readonly {
    readonly metric: string;
    readonly per: Subject['kind'];
    /** Where the values' parameters differ from the case's (a sweep over sizes): those of this metric. */
    readonly parameters?: Parameters;
    readonly as?: 'sample' | 'check' | 'digest';
  }[];
  /** Pairs: every one is to be measured, not only as many as it takes to name a node. */
  readonly fullSweep?: true;
  /** Seconds a trial should take, for estimate and ETA. */
  readonly expected: number;
}

/** Who answers for a failure; decided by the suite from evidence. */
export type Outcome =
  | { readonly status: 'measured' }
  | {
      readonly status: 'failed';
      readonly owner: 'harness' | 'reach' | 'node' | 'group';
      /** Upper snake case, e.g. NO_TORCH, CUDA_ERROR, RANK_MISSING. */
      readonly code: string;
      readonly message: string;
      /** Node ids. */
      readonly suspects: readonly string[];
    };

/** Why a trial was asked for. */
export type Why = 'planned' | 'undecided' | 'retest' | 'screen' | 'confirm' | 'halve' | 'alarm';

/** One execution of a Case on claimed nodes: STATISTICS' "run". */
export interface Trial {
  /** case + nodes + ordinal, so a resumed run knows it again. */
  readonly id: string;
  /** Case.id. */
  readonly case: string;
  /** Claimed exclusively, sorted. */
  readonly nodes: readonly string[];
  /** 0, 1, 2 … of this case on these nodes. */
  readonly ordinal: number;
  /** Look at which it was asked for: verdicts replay rounds, not arrival order. */
  readonly round: number;
  /** Which part of the judge asked. */
  readonly why: Why;
}

/** Exit of one process of an attempt, with the step that it belongs to. */
export type StepExit = Exit & { readonly step: number; readonly role: Step['role'] };

/** One try at a trial; all are kept and shown. Only reach and harness faults get another. */
export interface Attempt {
  /** Trial.id + ordinal; the key in the evidence index. */
  readonly id: string;
  readonly trial: Trial;
  /** 0, 1 … within the trial. */
  readonly ordinal: number;
  /** Controller's clock, RFC 3339; shown, never judged. */
  readonly startedAt: string;
  /** Seconds from the claim to the last exit: by our clock, or as long as the fleet says that its programs took. */
  readonly seconds: number;
  /** One a process. */
  readonly exits: readonly StepExit[];
  /** Absent while it runs, or after SIGKILL. */
  readonly outcome?: Outcome;
}

/** What a reader is bound to: live and in replay the same. */
export interface ReaderContext {
  readonly case: Case;
  /** Attempt id. */
  readonly attempt: string;
  /** The nodes of the trial, sorted by id, as inventoried. */
  readonly nodes: readonly Node[];
  /** The suite's own steps of this attempt, in order; `index` is their place in the attempt. */
  readonly steps: readonly Pick<PlacedStep, 'index' | 'nodes' | 'on' | 'role'>[];
}

/** Bound to one attempt, all its nodes and ranks together; keeps no output, never throws for what a node says. */
export interface Reader {
  /** `text` is at most 64 KiB, valid UTF-8, without its line end; the campaign cuts and counts. */
  line(text: string, from: Line): readonly Reading[];
  /** After all exits: group values (slowest rank), completeness, and whose fault it was. */
  end(exits: readonly StepExit[]): {
    readonly readings: readonly Reading[];
    readonly outcome: Outcome;
  };
}

/** A configured suite; suites/registry.ts is `readonly Entry<Suite>[]`. */
export interface Suite {
  /** nccl | matmul | inference. */
  readonly id: string;
  /** All it can give; a criterion on another is a plan error. */
  readonly metrics: readonly Metric[];
  /** Names of the checks and digests that readers give: what an `exact` criterion may name. */
  readonly checks: readonly string[];
  /** Pure. Same nodes, same cases, same order. Nodes carry accelerators. */
  cases(nodes: readonly Node[]): readonly Case[];
  /** Pure. What to start for one trial on these nodes. */
  steps(of: Case, nodes: readonly Node[]): readonly Step[];
  /** Live from a fleet and again from evidence: the same code, the same readings. */
  reader(context: ReaderContext): Reader;
  /** Highest possible value and why, for lint; undefined = not known. */
  ceiling(
    metric: string,
    parameters: Parameters,
    sku: string,
    nodes: number,
  ): Sourced<number> | undefined;
  /** The bytes that a node with these true values would print; handed to runners/sim by bin. */
  simulate(
    step: PlacedStep,
    node: SimulatedNode,
    others: readonly SimulatedNode[],
  ): Iterable<string>;
}
