/** One night on the common scale. */
import type { Spread } from './noise.ts';

/** Tonight's measurements on the common scale; what the alarms are made from. */
export interface Measured {
  /** Index of the night in `PanelState.dates`. */
  readonly night: number;
  /** ln value by subject, more is better; NaN = not seen. */
  readonly logs: Float64Array;
  /** Taken off the subjects: the fleet's level tonight, or 0 with too few to tell it. */
  readonly common: number;
  /** Subjects whose level was known. */
  readonly seen: number;
  readonly spread: Spread;
  readonly found: Uint8Array;
  readonly groupFound: Uint8Array;
}
