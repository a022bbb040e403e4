/** The events of journal.ndjson: what a run did, in order; enough to resume it and to replay it. */
import type { Expense, Origin, Parameters } from '../plan/model.ts';
import type {
  Argument,
  Exit,
  FleetEvent,
  Missing,
  Node,
  Serviced,
  Step,
} from '../runners/model.ts';
import type { Outcome, StepExit, Why } from '../suites/model.ts';
import type { Finding, Repeatability, Request, Stopped } from '../verdicts/model.ts';

/** A node as the journal may name it: without host name and address (private.json has them). */
export type PublicNode = Omit<Node, 'name' | 'fabricAddress'>;

/** An argument with no address, no secret and no path of this machine in it. */
export type RecordedArgument =
  | Exclude<
      Argument,
      { payload: string } | { here: string } | { addressOf: string } | { private: string }
    >
  | { readonly file: string /** SHA-256 */ }
  /** Of the plan; private.json has it. */
  | { readonly private: true }
  /** Position among the trial's nodes: so that one program does for all of them. */
  | { readonly addressOf: number };

/** What one kind of step runs; written once, when first used, and named by its hash. */
export interface Program {
  readonly suite: string;
  readonly case: string;
  readonly parameters: Parameters;
  readonly on: Step['on'];
  readonly role: Step['role'];
  readonly argv: readonly RecordedArgument[];
  readonly environment: Readonly<Record<string, RecordedArgument>>;
  /** Seconds. */
  readonly limit: number;
}

/** A step of an attempt as the journal keeps it. */
export interface RecordedStep {
  /** Names an earlier `program` event. */
  readonly program: string;
  /** Absent: the trial's nodes. */
  readonly nodes?: readonly string[];
}

/** What the campaign itself knows about an attempt and a reader can't: why its outcome was set aside. */
export type Override =
  /** A fleet event touched it, or contact was lost: reach. */
  | { readonly by: 'event'; readonly event: FleetEvent }
  | { readonly by: 'lost'; readonly nodes: readonly string[]; readonly code: string }
  /** Not started at all: its nodes are away. */
  | { readonly by: 'away'; readonly nodes: readonly string[] }
  /** Unreachable for longer than the plan's grace (seconds): a fail of the node. */
  | { readonly by: 'grace'; readonly nodes: readonly string[]; readonly seconds: number };

/** What is appended; the journal adds `seq` and `at`. */
export type CampaignEvent =
  | {
      readonly event: 'run-start';
      readonly run: string;
      readonly version: string;
      /** false: an earlier process of this run was resumed. */
      readonly first: boolean;
    }
  | { readonly event: 'intent'; readonly record: Readonly<Record<string, unknown>> }
  | {
      readonly event: 'fleet';
      readonly origin: Origin;
      readonly nodes: readonly PublicNode[];
      readonly missing: readonly (Omit<Missing, 'slot'> & { readonly node: PublicNode })[];
    }
  | ({ readonly event: 'fleet-event' } & Omit<FleetEvent, 'at'> & { readonly seen: string })
  /**
   * A round begins: as many trials as were asked for, and the SHA-256 of the requests. `asked`, after
   * the inventory: the requests themselves, so that a resumed run goes on before its judge has read
   * all that is on disk.
   */
  | {
      readonly event: 'round';
      readonly round: number;
      readonly trials: number;
      readonly requests: string;
      readonly asked?: readonly Request[];
    }
  | { readonly event: 'program'; readonly id: string; readonly program: Program }
  | {
      readonly event: 'trial-start';
      readonly attempt: string;
      readonly case: string;
      readonly nodes: readonly string[];
      readonly trial: string;
      readonly trialOrdinal: number;
      readonly ordinal: number;
      readonly round: number;
      readonly why: Why;
      readonly steps: readonly RecordedStep[];
      /** Port name → number. */
      readonly ports: Readonly<Record<string, number>>;
    }
  | {
      readonly event: 'attempt-end';
      readonly attempt: string;
      readonly startedAt: string;
      /** Wall. */
      readonly seconds: number;
      readonly exits: readonly StepExit[];
      /** Absent: cut off by our own end. */
      readonly outcome?: Outcome;
      readonly override?: Override;
      /** Entries in the evidence index. */
      readonly streams: number;
    }
  | {
      readonly event: 'repeatability';
      readonly round: number;
      readonly values: readonly Repeatability[];
    }
  | { readonly event: 'finding'; readonly finding: Finding }
  /** The vendors' diagnostics of a rejected node were asked for; `missing`: why they could not be. */
  | {
      readonly event: 'diagnostics';
      readonly node: string;
      readonly program: Program;
      readonly exits?: readonly StepExit[];
      readonly missing?: string;
    }
  /** What became of judged nodes with their owner's scheduler. */
  | { readonly event: 'service'; readonly nodes: readonly Serviced[] }
  | { readonly event: 'hook'; readonly hook: 'on-reject' | 'on-accept'; readonly result: string }
  /** All that the run used, earlier processes of it included: the last one counts. */
  | { readonly event: 'used'; readonly used: Expense }
  /** Why the loop ended; `decided`: nothing more was asked. */
  | { readonly event: 'stop'; readonly reason: Stopped | 'decided' | 'unreachable' | 'disk-full' }
  | { readonly event: 'release'; readonly kept: readonly string[]; readonly unreleased: number }
  /** Everything is written but the manifest, which has the same moment (RFC 3339). */
  | { readonly event: 'sealed'; readonly sealedAt: string };

/** An exit as a fleet gives it, with its step. */
export function stepExit(exit: Exit, step: number, role: Step['role']): StepExit {
  return { ...exit, step, role };
}
