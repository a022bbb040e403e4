/** What a run directory holds, as its reader gives it. */
import type { Origin, Plan } from '../../plan/model.ts';
import type { FaultReport, Missing, Node } from '../../runners/model.ts';
import type { Attempt, Case, Metric, Sample } from '../../suites/model.ts';
import type { Finding, Verdict } from '../../verdicts/model.ts';
import type { ReadCell } from './columns.ts';

/** Rows of a table that were written together, column by column. */
export interface Group<T> {
  readonly rows: number;
  /** Cells of a column. */
  column(name: string): ArrayLike<ReadCell>;
  /** One row. @throws {HarnessError} RUN_UNREADABLE where it is malformed */
  row(at: number): T;
}

/** fleet.json: public; names and addresses are in private.json. */
export interface FleetFile {
  readonly schema: 'assay/fleet/1';
  readonly runner: string;
  readonly origin: Origin;
  readonly nodes: readonly Omit<Node, 'name' | 'fabricAddress'>[];
  readonly missing: readonly (Omit<Missing, 'slot'> & { readonly node: string })[];
  /** Facts that could not be read, e.g. for want of root: fact → nodes. */
  readonly lost: readonly {
    readonly fact: string;
    readonly nodes: readonly string[];
    readonly why: string;
  }[];
  /** Cases as planned on these nodes; metrics of all suites in the plan. */
  readonly cases: readonly Case[];
  readonly metrics: readonly Metric[];
  readonly checks: readonly string[];
}

/** private.json: the only file but evidence that names hosts. */
export interface PrivateFile {
  readonly schema: 'assay/private/1';
  readonly nodes: readonly {
    readonly id: string;
    readonly name: string;
    readonly fabricAddress: string;
  }[];
  readonly missing: readonly Missing[];
  readonly price?: { readonly perNodeHour: number; readonly currency: string };
  /** What of the plan stands here alone; absent in a run of a version that wrote it into plan.json. */
  readonly plan?: {
    /** The runner's own block (`fleet.options` of the plan): host names, addresses, accounts. */
    readonly fleet: object;
    /** Options of suites that name a host (`suites.<id>` of the plan), by id. */
    readonly suites?: Readonly<Record<string, object>>;
    /** `--only`, by id or name. */
    readonly only?: readonly string[];
    /** Of the estimate, in the delivery's currency. */
    readonly cost?: number;
  };
}

/** faults.json: what the provider would be told of each rejected node; in `later/<n>/` what it was told. */
export interface FaultsFile {
  readonly schema: 'assay/faults/1';
  readonly sent: boolean;
  readonly reports: readonly FaultReport[];
}

/** One stream of one process of an attempt, in evidence/. */
export interface StreamEntry {
  /** `<attempt>/<step>.<node>.<stream>`: what Sample.evidence.stream names. */
  readonly key: string;
  readonly attempt: string;
  readonly step: number;
  readonly suite: string;
  readonly node: string;
  readonly rank: number;
  readonly stream: 'stdout' | 'stderr';
  /**
   * Compressed blocks in order: segment file, offset and length there, bytes when inflated. Short
   * streams share a block: `start` and `size` are this stream's part of it, when inflated.
   */
  readonly blocks: readonly {
    readonly segment: string;
    readonly offset: number;
    readonly length: number;
    readonly bytes: number;
    readonly start?: number;
    readonly size?: number;
  }[];
  /** Bytes kept, SHA-256 over them, lines; `cut`: bytes past the limit that were counted and not kept. */
  readonly bytes: number;
  readonly sha256: string;
  readonly lines: number;
  readonly cut: number;
  readonly redactions: number;
}

/** manifest.json of a run, or of a folder under `later/`. */
export interface Manifest {
  readonly schema: 'assay/manifest/1';
  /** Run id: here and in the journal, never in verdict.json. */
  readonly run: string;
  /** RFC 3339, controller's clock. */
  readonly sealedAt: string;
  /** Version of assay that sealed it. */
  readonly version: string;
  /** In `later/<n>/`: what it is, and the SHA-256 of the run's own manifest.json. */
  readonly kind?: string;
  readonly parent?: string;
  /** In `later/<n>/`, n > 1: SHA-256 of `later/<n-1>/manifest.json`, so that none can be taken out between. */
  readonly previous?: string;
  /** Path from the manifest's folder, with "/" → SHA-256 (hex) and bytes. `signatures/` and `later/` are outside. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;
}

/** withheld.json of a copy for others: what the run has and the copy has not. Outside the manifest. */
export interface WithheldFile {
  readonly schema: 'assay/withheld/1';
  readonly run: string;
  /** Who the copy is for. */
  readonly for: string;
  /** SHA-256 of the run's manifest.json, which the copy has unchanged. */
  readonly manifest: string;
  /** Whole files that were left out, as the manifest has them. */
  readonly files: Manifest['files'];
  /** `later/<n>/` of the run, left out too: folder → SHA-256 of its manifest.json. */
  readonly later: Readonly<Record<string, string>>;
}

/** One line of journal.ndjson; `seq` counts from 0, `at` is the controller's clock (RFC 3339). */
export interface JournalEvent {
  readonly seq: number;
  readonly at: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A telemetry field over one attempt, on one accelerator or node. */
export interface TelemetryRow {
  readonly attempt: string;
  readonly node: string;
  readonly accelerator?: string;
  readonly field: string;
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Read access to a run directory; nothing is loaded before it is asked for. */
export interface RunReader {
  readonly path: string;
  readonly id: string;
  readonly plan: Plan;
  readonly fleet: FleetFile;
  /** Absent while the run goes on, or after it was interrupted. */
  readonly verdict?: Verdict;
  /** Absent in a copy for others. */
  readonly private?: PrivateFile;
  /** Absent where no node was rejected, or there is no provider to tell. */
  readonly faults?: FaultsFile;
  /** Whether manifest.json is there. */
  readonly sealed: boolean;
  journal(): AsyncIterable<JournalEvent>;
  attempts(): AsyncIterable<Attempt>;
  samples(): AsyncIterable<Sample>;
  findings(): AsyncIterable<Finding>;
  streams(): AsyncIterable<StreamEntry>;
  /** The same by column: for who looks at a few cells of millions of rows. */
  sampleGroups(): AsyncIterable<Group<Sample>>;
  findingGroups(): AsyncIterable<Group<Finding>>;
  /** Groups with a row of one of these nodes. */
  telemetryGroups(nodes: ReadonlySet<string>): AsyncIterable<Group<TelemetryRow>>;
  telemetry(): AsyncIterable<TelemetryRow>;
  /** Raw bytes of a stream. @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH */
  bytes(stream: StreamEntry): AsyncIterable<Uint8Array>;
}
