/** The bottom layer: words that every other layer uses. Imports nothing of ours. */

/** Where figures come from; carried from Fleet to Sample, verdict.json and the report's first line. */
export type Origin = 'hardware' | 'reference-device' | 'stand-in' | 'simulated';

/** What a value was measured under: `{ bytes: 8589934592, dtype: 'bf16' }`. Never packed into a name. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** A figure that can't exist without its source. */
export interface Sourced<T> {
  readonly value: T;
  /** Document, clause or measurement that the figure rests on. */
  readonly source: string;
}

/** Something wrong in a block of the plan. */
export interface Issue {
  /** Keys from the block's root; the loader turns it into file, line and column. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** How to mend it, one sentence. */
  readonly hint: string;
  /** The key itself is not known here. */
  readonly unknownKey?: boolean;
}

/** What `configure` gives: the block's mistakes, or the way to the unit. */
export type Configured<U> =
  { readonly issues: readonly Issue[] } | { readonly options: object; use(): Promise<U> };

/** A registry line: loads its option schema only; the unit is imported by `use`. */
export interface Entry<U> {
  /** Folder name = id = the plan's word. */
  readonly id: string;
  /** JSON Schema of this unit's block of the plan, for `assay schema`. */
  schema(): object;
  /** Checks the block; `options` is the block with every default written out (for plan.json). */
  configure(block: unknown): Configured<U>;
  /** The unit again from options that `configure` gave earlier (plan.json of a run), unchecked. */
  revive(options: object): { use(): Promise<U> };
}

/** What a value or a verdict is about. */
export type Subject =
  | { readonly kind: 'accelerator'; readonly node: string; readonly accelerator: string }
  | { readonly kind: 'node'; readonly node: string }
  | {
      readonly kind: 'link';
      /** Nodes, or leaves where paths are not known; sorted. */
      readonly ends: readonly [string, string];
      readonly rail?: number;
      readonly finest: 'path' | 'leaf-pair';
    }
  | { readonly kind: 'group'; readonly nodes: readonly string[] }
  | { readonly kind: 'endpoint'; readonly endpoint: string; readonly nodes: readonly string[] }
  | { readonly kind: 'lot' };

/** What was bought. */
export interface Delivery {
  /** Contract reference, e.g. "MSA-2025-114 / tranche 7". */
  readonly reference: string;
  /** aws | azure | gcp | oci | own; who is paid. */
  readonly provider: string;
  /** Catalogue id; "cpu-reference" where there is no accelerator. Another part found on a node fails that node. */
  readonly sku: string;
  /** What is counted, accepted and rejected: a node, or what is lost with one bad node. */
  readonly unit: 'node' | 'slice' | 'rack';
  /** Day on which acceptance is due, YYYY-MM-DD. */
  readonly milestone?: string;
  /** Day after which acceptance is deemed given, YYYY-MM-DD. */
  readonly deemedAcceptance?: string;
  /** How many units were bought; absent: as many as the fleet names. */
  readonly count?: number;
  /** Accelerators a node must show; fewer is a fail, never a smaller test. */
  readonly acceleratorsPerNode: number;
  readonly price?: { readonly perNodeHour: number; readonly currency: string };
}

/** How a criterion decides. */
export type Decide = 'level' | 'tail' | 'exact' | 'events';

/** A resolved criterion (`from: catalogue` expanded): all that judge, verify and report need. */
export interface Criterion {
  /** Unique in the plan; what reports and exit lines name. */
  readonly id: string;
  /** Contract clause, e.g. "Annex B 3.2". */
  readonly clause?: string;
  /** Metric.id; for `exact`, the name of a check; for `events`, the metric of a count. */
  readonly metric: string;
  /** Which samples, by parameters; must name one case. */
  readonly where: Parameters;
  /** One finding for each of these. */
  readonly per: Subject['kind'];
  /** Missing on any subject keeps the lot from accept; false = shown only. */
  readonly mandatory: boolean;
  /** level: STATISTICS 2.3 on one value a trial. tail: share of requests over the bound. exact: any deviation fails. events: 0 on deltas. */
  readonly decide: Decide;
  /** What the limit rests on; a sanity limit may reject, never accept alone. */
  readonly standing: 'contract' | 'catalogue' | 'sanity';
  /** Which side of `limit` conforms. */
  readonly bound: 'at-least' | 'at-most';
  /** In Metric.unit. */
  readonly limit: Sourced<number>;
  /** Low end of good parts, in Metric.unit; absent: the fall-backs of STATISTICS 2.3. */
  readonly nominal?: Sourced<number>;
  /** Written before or after the first trial (judge --plan). */
  readonly fixed: 'before' | 'after';
}

/** Risks and rules of the decision, as resolved from the plan. */
export interface Decision {
  /** P(pass) of a nonconforming subject, at most; in (0, 1). */
  readonly consumerRisk: number;
  /** P(any conforming subject fails), over the whole lot; in (0, 1). */
  readonly producerRisk: number;
  /** Who bears the doubt. */
  readonly inconclusive: 'hold' | 'accept' | 'reject';
  /** Units that may fail in an accepted lot. */
  readonly nonconforming: number;
  /** Trials of one case on one subject, at most; absent: STATISTICS 2.3's smallest for the lot. */
  readonly maxTrials?: number;
  /** Repeatability (relative, e.g. 0.01) by metric id; absent: from the fleet's own repeats. `none`: the sign rule. */
  readonly sigma?: Readonly<Record<string, number>> | 'none';
  /** Fractions of nonconforming units at which a sampled lot is accepted and rejected. */
  readonly sampling?: { readonly accept: number; readonly reject: number };
}

/** Caps of a run; an absent one is no cap. */
export interface Budget {
  /** Seconds. */
  readonly wallTime?: number;
  readonly nodeHours?: number;
  /** In the delivery's currency. */
  readonly cost?: number;
}

/** How `assay nightly` samples the fleet. */
export interface Nightly {
  /** Seconds in which every node must have had its turn. */
  readonly every?: number;
  /** What to do with a node that is in use; a program and its arguments: it names those. */
  readonly busy?: 'skip' | 'wait' | readonly string[];
  /** Seconds for which raw samples are kept. */
  readonly retention?: number;
  /** Relative loss that matters and that fresh runs must prove; absent: 0.01. */
  readonly margin?: number;
  /** Of one night; absent: the plan's. */
  readonly budget?: Pick<Budget, 'wallTime' | 'nodeHours'>;
  /** Name of the secret that holds the address to call; never the address itself. */
  readonly webhook?: string;
  /** Name of the secret that signs what is sent there. */
  readonly webhookSecret?: string;
  /** `s3://bucket/prefix` that the history is kept in step with. */
  readonly mirror?: string;
}

/** What every runner's block may say, whatever the runner. */
export interface FleetOptions {
  readonly runner: string;
  /** The runner's own block, defaults written out; its schema is the runner's. No secret in it. */
  readonly options: object;
  /** Fewest nodes worth judging. */
  readonly minimum?: number;
  /** Seconds that a node may stay unreachable before that is a fail. */
  readonly grace: number;
  /** Seconds without contact after which a payload ends itself. */
  readonly lease: number;
  /** Trials under way at once over the whole fleet; absent: as many as have nodes. */
  readonly atOnce?: number;
  /** Argument prefix that runs a payload; absent: asked on each node. */
  readonly python?: readonly string[];
  /** `install`: bring what the payloads need to the nodes. */
  readonly prepare?: 'install';
  /** Argument prefix for facts that need root, e.g. sudo -n. */
  readonly become?: readonly string[];
  /** Reference devices that a machine without accelerators counts as; absent: one, its CPU. */
  readonly referenceDevices?: number;
  readonly keep?: 'rejected';
  /** The plan says that its fleet stands in for the real one: every figure is labelled so. */
  readonly standIn?: true;
  readonly onReject?: readonly string[];
  readonly onAccept?: readonly string[];
}

/** A part as the catalogue knows it: what a node must show, and what its figures rest on. */
export interface Part {
  /** Catalogue id, e.g. "h200-sxm". */
  readonly sku: string;
  /** What people call it, e.g. "NVIDIA H200 SXM". */
  readonly title: string;
  /** cpu = reference device: proves the tool, not any accelerator. */
  readonly kind: 'gpu' | 'tpu' | 'cpu';
  /** Words that the driver's model name holds, any case; one list of them must match whole. */
  readonly models: readonly (readonly string[])[];
  /** Words that it must not hold, e.g. "PCIe" for the SXM part. */
  readonly not?: readonly string[];
  /** Accelerators in the usual node. */
  readonly perNode: number;
  /** Bytes an accelerator. */
  readonly memory?: Sourced<number>;
  /** B/s of its memory, datasheet. */
  readonly memoryBandwidth?: Sourced<number>;
  /** dtype → dense FLOP/s, datasheet. */
  readonly peaks: Readonly<Record<string, Sourced<number>>>;
  /** One direction, B/s an accelerator. */
  readonly scaleUp?: Sourced<number>;
  /** Accelerators that one scale-up domain spans where that is more than a node (NVL72: 72). */
  readonly scaleUpDomain?: number;
  /** Chips that are linked with their neighbours only (TPUs): a plane or space of them, and ranks that each shows. */
  readonly torus?: { readonly axes: 2 | 3; readonly ranksPerChip: number };
  /** What a host's network carries for each of its accelerators (between slices of TPUs: DCN), B/s, one direction. */
  readonly hostNetwork?: Sourced<number>;
  /** W, default limit. */
  readonly power?: Sourced<number>;
  /** NICs of a node by provider machine type; `rate` in B/s, one direction, a NIC. */
  readonly machines: readonly {
    readonly provider: string;
    readonly type: string;
    readonly nics: number;
    readonly rate: Sourced<number>;
  }[];
}

/** What a run takes. */
export interface Expense {
  readonly trials: number;
  readonly rounds: number;
  /** Seconds. */
  readonly wallTime: number;
  /** Of nodes held, which is what is billed. */
  readonly nodeHours: number;
  /** In the delivery's currency; absent: no price is known. */
  readonly cost?: number;
}

/** plan.json: a plan with every default, every catalogue figure and every unit resolved. */
export interface Plan {
  readonly schema: 'assay/plan/1';
  /** File that was read, base name only; absent for the built-in plan. */
  readonly file?: string;
  readonly seed: number;
  readonly delivery: Delivery;
  /** What the catalogue knows of delivery.sku; absent: an unknown part, which can never end in accept. */
  readonly part?: Part;
  readonly fleet: FleetOptions;
  readonly suites: readonly { readonly id: string; readonly options: object }[];
  readonly criteria: readonly Criterion[];
  readonly decision: Decision;
  readonly budget: Budget;
  readonly report: { readonly private: readonly string[] };
  /** Of `assay nightly`; absent: its defaults. */
  readonly nightly?: Nightly;
  /** Dotted key → where its value came from: "plan", "default", "catalogue: …", "this machine". */
  readonly origins: Readonly<Record<string, string>>;
  /** What lint has to say that does not stop a run; shown in the report. */
  readonly warnings: readonly string[];
  /** `--only`: the nodes tested in this run, by id or name; the others stay in the delivery, not tested. */
  readonly only?: readonly string[];
  /** `--into`: reference of the delivery that this run counts into; absent: delivery.reference. */
  readonly into?: string;
  /** What the run should take, as estimated before it began; absent: it was not. */
  readonly estimate?: Expense;
  /** A look at nodes that decides on no delivery; absent: acceptance. */
  readonly purpose?: 'readiness' | 'check' | 'nightly' | 'confirm';
}
