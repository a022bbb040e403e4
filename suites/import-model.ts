/** What `assay read TOOL FILE` gives: another tool's output in our terms. */
import type { Parameters } from '../plan/model.ts';

/** One number of a file, as the tool printed it. */
export interface ImportedSample {
  /** Ends in the quantity: `.busbw`, `.algbw`, `.time`, `.bandwidth`. */
  readonly metric: string;
  /** All that it depends on, as far as the file says: bytes, dtype, ranks, placement … */
  readonly parameters: Parameters;
  /** In `unit`, finite. */
  readonly value: number;
  /** Stored unit: B/s, s. */
  readonly unit: string;
  /** Line of the file, from 1. */
  readonly line: number;
  /** Elements that were wrong; absent where the tool did not check. */
  readonly wrong?: number;
  /** Of single iterations, in `unit`, where the file has them. */
  readonly iterations?: {
    readonly n: number;
    readonly min: number;
    readonly median: number;
    readonly max: number;
  };
  /** The file is incomplete and was read all the same. */
  readonly partial?: true;
}

export interface ImportOptions {
  /** Name of the file, for messages. */
  readonly file: string;
  /** Read what is there of an incomplete file, and mark it. */
  readonly partial?: boolean;
  /** The collective, where the log does not name it. */
  readonly collective?: string;
  /** Only this metric; refused where the tool has no figure of that definition. */
  readonly metric?: string;
}

/** Reads one tool's files. */
export interface Importer {
  /** What the user calls it: "nccl-tests". */
  readonly tool: string;
  /**
   * @throws {HarnessError} OUTPUT_UNREADABLE or OUTPUT_INCOMPLETE with file, line and a mend: never a wrong number
   */
  read(text: string, options: ImportOptions): readonly ImportedSample[];
}
