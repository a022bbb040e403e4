/** What a report is: a pure function of a run, written into what the caller gives. */
import type { RunReader } from '../campaign/directory/model.ts';

/** Takes one file at a time, in order; the name is a base name. Awaited, so a slow disk slows the report. */
type WriteFile = (name: string, pieces: Iterable<string> | AsyncIterable<string>) => Promise<void>;

export interface ReportOptions {
  /** Signers of `signatures/`, as their files are called; a report made before signing has none. */
  readonly signatures?: readonly string[];
  /** csv alone: which rows; absent: findings. */
  readonly rows?: 'findings' | 'samples';
}

/** One format. No clock, locale or randomness: the same run gives the same bytes. */
export interface Report {
  /** Folder or file name = id = the word on the command line. */
  readonly id: string;
  /**
   * Writes the report's files.
   *
   * @returns base names of the files written
   */
  render(run: RunReader, options: ReportOptions, write: WriteFile): Promise<readonly string[]>;
}

/** A registry line: the unit, with its chart library and templates, is imported by `use`. */
export interface ReportEntry {
  readonly id: string;
  use(): Promise<Report>;
}
