/** What the history holds: a catalogue of Parquet files, batches of rows, events. */

/** Tables of the history; their columns stand in tables.ts. */
export type TableName = 'runs' | 'nodes' | 'points' | 'samples' | 'events';

/** One Parquet file that counts; a file that the catalogue does not name is none of the history. */
export interface StoredFile {
  readonly table: TableName;
  /** From the history's folder, with "/": `<table>/delivery=<slug>/date=<day or month>/<name>.parquet`. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  /** `deliverySlug` of the delivery's reference. */
  readonly delivery: string;
  /** YYYY-MM-DD; YYYY-MM where a closed month was compacted. */
  readonly date: string;
  /** Ids of the batches whose rows are in it. */
  readonly batches: readonly string[];
}

/** history.json: replaced as a whole, so that a commit is there or is not. */
export interface Catalogue {
  readonly schema: string;
  /** Of this history; salts what stands in it for a host name. */
  readonly id: string;
  /** Commits so far. */
  readonly generation: number;
  readonly files: readonly StoredFile[];
}

/** Rows that come together: a run, a night's events, a declaration. Appended twice, it is there once. */
export interface Batch {
  /** Unique for ever, safe in file names. */
  readonly id: string;
  /** The delivery's reference. */
  readonly delivery: string;
  /** YYYY-MM-DD: its partition. */
  readonly date: string;
  readonly rows: Partial<Record<TableName, Rows>>;
}

/** Rows of one table: as values, or as a query over what was put into the database before. */
export type Rows = readonly Readonly<Record<string, Cell>>[] | { readonly sql: string };

/** A cell of a row that is written; undefined is NULL. */
export type Cell = string | number | boolean | undefined;

/** What an event says; `body` by kind. */
export interface StoredEvent {
  /** Unique. */
  readonly id: string;
  /** RFC 3339, controller's clock. */
  readonly at: string;
  /** YYYY-MM-DD: the night that it belongs to. */
  readonly night: string;
  readonly kind: 'declared' | 'alarm-opened' | 'alarm-closed' | 'night' | 'missed';
  readonly body: Readonly<Record<string, unknown>>;
}

/** A change that somebody told of beforehand: the one reason for which a baseline begins again. */
export interface DeclaredChange {
  /** YYYY-MM-DD: first night with it. */
  readonly from: string;
  /** What changed: driver, firmware, nccl, image, … */
  readonly what: string;
  /** E.g. "570→580". */
  readonly change: string;
  /** Serials that it concerns; absent: the delivery. */
  readonly serials?: readonly string[];
  readonly note?: string;
  /** Both sides agreed that the level after it is the accepted one from now on. */
  readonly renews?: boolean;
  /** Who declared it: a user name, as the system gives it. */
  readonly by?: string;
}
