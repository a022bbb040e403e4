/** What a challenge pack holds: enough to get a rejected unit's numbers again without us. */
import type { Criterion, Parameters } from '../../plan/model.ts';
import type { Attempt } from '../../suites/model.ts';
import type { Finding, Verdict } from '../../verdicts/model.ts';

/** Where the pieces come from that no run directory has. */
export interface ChallengeSetup {
  /** SHA-256 → path of the programs that this version copies to nodes. */
  readonly payloads: ReadonlyMap<string, string>;
}

/** An argument as the journal has it. */
export type JournalArgument =
  | string
  | { readonly file: string }
  | { readonly addressOf: number }
  | { readonly port: string }
  | { readonly scratch: string }
  | { readonly secret: string };

/** A program as the journal has it. */
export interface JournalProgram {
  readonly suite: string;
  readonly on: 'each-node' | 'controller' | 'native';
  readonly role: 'rank' | 'load' | 'server' | 'companion';
  readonly argv: readonly JournalArgument[];
  readonly environment: Readonly<Record<string, JournalArgument>>;
  /** Seconds. */
  readonly limit: number;
}

/** One trial that is made again: the programs of an attempt, with the ports that it had. */
export interface Rerun {
  /** Case id: names the output. */
  readonly case: string;
  readonly nodes: readonly string[];
  readonly programs: readonly JournalProgram[];
  readonly ports: Readonly<Record<string, number>>;
}

/** How a value is read from a line of the payload protocol. */
export interface Reading {
  /** Metric and parameters as the payload prints them. */
  readonly metric: string;
  readonly parameters: Parameters;
  /** Index on the node; absent: a value of the node or its group. */
  readonly accelerator?: number;
  /** The value is `inverse` / printed number (a rate from a time); absent: the printed number. */
  readonly inverse?: number;
  /** Of several ranks the slowest counts. */
  readonly worst: 'lowest' | 'highest';
}

/** One finding as expected.json has it; figures in the shown unit. */
export interface Expected {
  readonly criterion: string;
  readonly clause?: string;
  readonly subject: string;
  readonly case: string;
  readonly reason: string;
  /** Absent: no number was read (a check, or an attempt that failed). */
  readonly number?: {
    readonly reading: Reading;
    readonly unit: string;
    /** Shown unit per stored unit. */
    readonly factor: number;
    readonly value: number;
    readonly interval?: readonly [low: number, high: number];
    readonly n: number;
    readonly estimate: 'geometric-mean' | 'median';
    readonly bound: Criterion['bound'];
    readonly limit: number;
  };
  /** A check or digest by its name, where the criterion is exact. */
  readonly check?: {
    readonly name: string;
    readonly accelerator?: number;
    readonly seen: readonly string[];
  };
  /** How the attempts ended that did not measure. */
  readonly failures: readonly string[];
}

/** A rejected unit with all that its pack is made from. */
export interface Rejected {
  readonly node: Verdict['nodes'][number];
  readonly findings: readonly {
    readonly finding: Finding;
    readonly criterion: Criterion;
    readonly expected: Expected;
    /** Absent: there is nothing to run (a fact of the inventory, a node that was not there). */
    readonly rerun?: Rerun;
    readonly attempts: readonly Attempt[];
  }[];
  readonly environment: Readonly<Record<string, string>>;
  /** Facts that the programs stated (libraries and their hashes, knobs): name → value. */
  readonly facts: Readonly<Record<string, string>>;
}
