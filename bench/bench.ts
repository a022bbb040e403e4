/** What a bench gives: measured figures, the peer's in the same run, targets and whether they are met. */
export interface Row {
  /** What was measured, with its unit. */
  readonly figure: string;
  readonly measured: string | number;
  /** The peer's figure from the same run. */
  readonly peer?: string | number;
  readonly target?: string;
  /** Absent: shown only. */
  readonly met?: boolean;
}

/** A bench; `words` are the rest of the command line. */
export type Bench = (words: readonly string[]) => Promise<readonly Row[]>;
