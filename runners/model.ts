/** What a runner hands over, and the programs that it starts there. */
import type { Swept, SweepRequest } from './swept.ts';
import type { FleetOptions, Origin, Parameters } from '../plan/model.ts';

export interface Accelerator {
  /** GPU UUID, or chip id in its slice; an index is not an identity. The CPU: "cpu". */
  readonly id: string;
  /** cpu = reference device, never shown as a GPU. */
  readonly kind: 'gpu' | 'tpu' | 'cpu';
  /** As the driver prints it. */
  readonly model: string;
  /** In the node, as ranks see it. */
  readonly index: number;
  /** Bytes. */
  readonly memory: number;
  /** Cores the runtime exposes as devices of their own (TPU v5p: 2). */
  readonly cores: number;
}

/** Nodes that share a part: what a common cause, a class or a lost unit is named by. */
export interface Domain {
  readonly kind: 'rack' | 'block' | 'leaf' | 'nvlink' | 'slice' | 'power';
  readonly id: string;
  readonly from: 'plan' | 'provider' | 'inventory';
}

/** One way in which a node is known again; strongest kind first in `Node.identity`. */
export interface Identity {
  readonly kind: 'provider-id' | 'plan' | 'serial' | 'accelerators' | 'nics';
  readonly value: string;
}

export interface Node {
  /** Key in this run, e.g. "n0017"; safe in file names; public (a host name is not). */
  readonly id: string;
  /** Empty when nothing strong is known: such a node can't be followed over runs. */
  readonly identity: readonly Identity[];
  /** Host name or address as the plan or provider names it; private, never in public files. */
  readonly name: string;
  /** Where ranks meet; not the SSH address. Private. */
  readonly fabricAddress: string;
  /** Empty only before inventory. */
  readonly accelerators: readonly Accelerator[];
  /** One a kind at most. */
  readonly domains: readonly Domain[];
  /** Driver, firmware, VBIOS, NCCL …: equal over a lot, or a finding. */
  readonly environment: Readonly<Record<string, string>>;
  /** Equal on nodes that run on one machine (boot id), known after inventory: timed trials there take turns. */
  readonly machine?: string;
}

/**
 * An argument known only when the trial is placed. `payload`: absolute path of a file on the
 * controller, copied to the node. `here`: the same, used in its place by a step on the controller; as a
 * program it is started by our own Node.js. `addressOf`: a node's fabric address. `port`: one number a name and attempt.
 * `scratch`: a path on the node, under this run's folder there. `secret`: a name in the controller's secrets.
 * `private`: a word that no public file may hold, such as an address of the plan.
 */
export type Argument =
  | string
  | { readonly private: string }
  | { readonly payload: string }
  | { readonly here: string }
  | { readonly addressOf: string }
  | { readonly port: string }
  | { readonly scratch: string }
  | { readonly secret: string };

/** One program of a trial, as a suite asks for it: one process on each of its nodes. */
export interface Step {
  /** Suite.id, or "companion", "inventory". */
  readonly suite: string;
  /** Case.id and Case.parameters: what the process measures. */
  readonly case: string;
  readonly parameters: Parameters;
  /** controller: this machine (endpoint load). native: one launch by srun/mpirun on the first of `nodes`. */
  readonly on: 'each-node' | 'controller' | 'native';
  /** Node ids; on the controller those that the step is about. */
  readonly nodes: readonly string[];
  /** rank and load decide the end; server and companion live as long as the trial and are stopped by it. */
  readonly role: 'rank' | 'load' | 'server' | 'companion';
  /** Program and arguments; the python prefix is put in front where the program is a payload. */
  readonly argv: readonly [Argument, ...Argument[]];
  /** Added to a fixed, empty-by-default base. */
  readonly environment: Readonly<Record<string, Argument>>;
  /** Later steps start when this HTTP path or output line is seen. */
  readonly ready?: { readonly http: string } | { readonly line: string };
  /** Seconds; the process group is killed past it. */
  readonly limit: number;
}

/** What is left of an argument for the runner: text, a file put there before, a path of the node's, a secret. */
export type PlacedArgument =
  | string
  | { readonly file: string /** SHA-256 of a file given to `put`. */ }
  | { readonly here: string /** Absolute path on the controller. */ }
  | { readonly scratch: string }
  | { readonly secret: string };

/** A step placed by the campaign: what `Fleet.start` gets. */
export interface PlacedStep extends Omit<Step, 'argv' | 'environment'> {
  /** Attempt it belongs to: names the node's scratch and spool folder. */
  readonly attempt: string;
  /** Position among the attempt's steps: with `attempt` and a node, names one process. */
  readonly index: number;
  readonly argv: readonly [PlacedArgument, ...PlacedArgument[]];
  readonly environment: Readonly<Record<string, PlacedArgument>>;
  /** Seconds without contact after which the process group ends itself. */
  readonly lease: number;
}

/** Bytes as they arrive; `node` and `rank` come from the session, never from what was printed. */
export interface Chunk {
  readonly node: string;
  /** Position of the node in the step's `nodes`. */
  readonly rank: number;
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** How a process ended: data, not an exception. */
export type Exit = {
  readonly node: string;
  readonly rank: number;
  /** From start to end, controller's monotonic clock. */
  readonly seconds: number;
  /** Process ids that SIGKILL did not end: a node fault. Absent: none. */
  readonly survivors?: readonly number[];
} & (
  | { readonly ended: 'exited'; readonly code: number }
  | { readonly ended: 'signalled'; readonly signal: string }
  /** stopped: by us (abort, end of trial). timed-out: past `limit`. over-limit: printed more than allowed. */
  | { readonly ended: 'stopped' | 'timed-out' | 'over-limit' }
  /** lost: contact broke and did not come back. not-started: code is an ErrorCode or "DISK_FULL", "NO_PYTHON". */
  | { readonly ended: 'lost' | 'not-started'; readonly code: string; readonly reason: string }
);

/** Spot notice, maintenance, preemption, drain, replacement: makes a trial it touches a reach fault. */
export interface FleetEvent {
  /** RFC 3339, controller's clock. */
  readonly at: string;
  readonly nodes: readonly string[];
  readonly kind: 'lost' | 'back' | 'preempted' | 'maintenance' | 'replaced' | 'draining';
  readonly detail: string;
  /** open: inside its maintenance window, nothing is begun there until the same detail is told closed. */
  readonly window?: 'open' | 'closed';
}

/** One simulated process's node, for a suite's `simulate`: what it would measure this time. No format in it. */
export interface SimulatedNode {
  readonly node: Node;
  /** What this trial measures, in Metric.unit, its noise included; undefined: the node does not give it. */
  value(metric: string, parameters: Parameters, accelerator?: Accelerator): number | undefined;
  /** A correctness fault that is active here. */
  faulty(
    fault: 'wrong-result' | 'flipped-digest' | 'row-remap' | 'xid' | 'socket-fallback',
    accelerator?: Accelerator,
  ): boolean;
  /** Uniform in [0, 1), for what the values don't fix (temperatures, timings). */
  random(): number;
}

/** Bytes that a process would print, given what its node and its trial's other nodes truly are. */
export type Simulate = (
  step: PlacedStep,
  node: SimulatedNode,
  others: readonly SimulatedNode[],
) => Iterable<string>;

/** What a runner gets from the campaign. */
export interface RunContext {
  /** Run id: tag of everything provisioned. */
  readonly run: string;
  readonly seed: number;
  /** What is provisioned must be gone by then, whatever becomes of us. */
  readonly expires: Date;
  /** Folder on the controller for the runner's own short-lived files (sockets, keys); 0700. */
  readonly scratch: string;
  /** What the plan's fleet block says to every runner. */
  readonly fleet: Pick<
    FleetOptions,
    'python' | 'become' | 'lease' | 'grace' | 'prepare' | 'minimum'
  > & {
    /** The nodes stand in for hardware (`stand-in: true`): their origin is 'stand-in'. */
    readonly standIn?: boolean;
  };
  /** Values for `secret` arguments. */
  secret(name: string): string | undefined;
  /** Hides a value wherever it may be printed from now on. */
  redact(value: string): void;
  /** For `sim` alone. */
  readonly simulate?: Simulate;
  /** Shown to the user at once: what the opening waits for. */
  tell?(message: string): void;
  /** On disk, synced, before the provider's call. */
  intent(record: Readonly<Record<string, unknown>>): Promise<void>;
  /** Intents of an earlier process of this run, oldest first. */
  pending(): readonly Readonly<Record<string, unknown>>[];
}

/** A node or a resource that is missing, or could not be given back. */
export interface Missing {
  /** Slot or id in the provider's words; private. */
  readonly slot: string;
  /** An ErrorCode. */
  readonly code: string;
  readonly reason: string;
}

/** Nodes handed over, open for the length of a run. */
export interface Fleet {
  /** Set by the runner, once. */
  readonly origin: Origin;
  /** In plan order; does not shrink when one is lost. */
  readonly nodes: readonly Node[];
  /** Asked for and not there, each with its reason: not-tested, never a smaller lot. Ids follow those of `nodes`. */
  readonly missing: readonly (Missing & { readonly node: Node })[];
  /** When the capacity itself ends: a deadline of the run. Absent: it doesn't, or nobody says. */
  readonly until?: Date;
  /** Seconds for which the nodes were held (and paid for) before they were handed over; absent: 0. */
  readonly heldBefore?: number;
  /** Attempts beyond which nothing goes faster: others wait before they begin. Absent: as many as have nodes. */
  readonly atOnce?: number;
  /** Nobody waits for its programs: an attempt took what its exits say, and our clock says nothing of it. */
  readonly told?: true;
  /**
   * Runs a placed step: one process a node, resolves when all have ended. Awaits `sink` for each
   * chunk (back-pressure). Aborting stops the process groups and gives `stopped`.
   * Never rejects for what a node does; rejects only for bugs.
   */
  start(
    step: PlacedStep,
    sink: (chunk: Chunk) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly Exit[]>;
  /**
   * Copies a file, once a node, by content hash, verified there.
   * @returns nodes where it failed, with the reason
   */
  put(
    nodes: readonly string[],
    sha256: string,
    file: string,
  ): Promise<readonly { readonly node: string; readonly code: string; readonly reason: string }[]>;
  /** Until the signal. */
  events(signal: AbortSignal): AsyncIterable<FleetEvent>;
  /**
   * Takes rejected nodes out of service with their owner's scheduler, as far as the plan lets it, and gives
   * back what earlier runs took. Once, when all is judged. Absent: there is none, or the plan asks for nothing.
   */
  service?(judged: readonly Judged[]): Promise<readonly Serviced[]>;
  /** Twice is safe. `keep`: nodes held as evidence. @returns what could not be released. */
  release(keep: readonly string[]): Promise<readonly { id: string; reason: string }[]>;
}

/** A node's verdict, as its owner's scheduler is told. */
export interface Judged {
  readonly node: string;
  readonly verdict: 'pass' | 'fail';
  /** Criterion and figure of a fail; no names of hosts. */
  readonly reason: string;
}

/** By what a scheduler's word about a node is known again: the same text, set then, by that account. */
export interface ServiceMark {
  readonly reason: string;
  readonly by: string;
  /** Seconds since 1970. */
  readonly at: number;
}

/** What became of a node with its owner's scheduler. */
export interface Serviced {
  readonly node: string;
  /** would-…: a dry run. left: not ours to touch, or too many at once. failed: refused. */
  readonly done: 'drained' | 'returned' | 'would-drain' | 'would-return' | 'left' | 'failed';
  /** For people. */
  readonly detail: string;
  /** Of a drained node. */
  readonly mark?: ServiceMark;
}

/** A node that was rejected, as its provider is told. */
export interface Fault {
  readonly node: string;
  readonly identity: readonly Identity[];
  /** What was found, for people; no secrets. */
  readonly reasons: readonly string[];
  /** RFC 3339: when it was first and last seen. */
  readonly from: string;
  readonly to: string;
}

/** The provider's own call for one fault, prepared; `sent`: its answer. */
export interface FaultReport {
  readonly node: string;
  /** The provider's name of the call: "ReportInstanceStatus". */
  readonly operation: string;
  /** What is sent, as the provider spells it. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly sent?: string;
  /** Why it can't be sent, or was refused. */
  readonly problem?: string;
}

/** A configured provider; runners/registry.ts is `readonly Entry<Runner>[]`. */
export interface Runner {
  /** Attaches or provisions; takes up what `context.pending()` names. @throws {HarnessError} when no node can be had */
  open(context: RunContext, signal: AbortSignal): Promise<Fleet>;
  /** Finds what earlier runs left; deletes it when `apply`. @throws {HarnessError} */
  sweep?(request: SweepRequest, signal: AbortSignal): Promise<Swept>;
  /** Gives nodes back to their owner's scheduler that a run took out of service; otherwise only looks. */
  giveBack?(
    drained: readonly {
      readonly node: string;
      readonly name: string;
      readonly mark: ServiceMark;
    }[],
    apply: boolean,
  ): Promise<readonly Serviced[]>;
  /** Prepares the provider's report of each fault, and sends it when `send`. */
  reportFaults?(
    faults: readonly Fault[],
    send: boolean,
    standIn: boolean,
    signal: AbortSignal,
  ): Promise<readonly FaultReport[]>;
}
