/** Whether the load generator itself was the bottleneck: then nothing of its window may be reported. */

/** What the generator measured of itself in one window, over all its threads. */
export interface Lateness {
  /** Hand-over of a request after its scheduled moment, s. */
  readonly slipP50: number;
  readonly slipP99: number;
  readonly slipMost: number;
  /** How much later than asked a timer of the event loop ran, s. */
  readonly loopP99: number;
  /** Largest share of the window in which one thread's event loop was busy, 0 … 1. */
  readonly busy: number;
  /** Processor seconds of the whole process in the window. */
  readonly cpu: number;
  /** Length of the window, s. */
  readonly seconds: number;
}

/** Share of the median TTFT that lateness at p99 may reach. */
const SHARE = 0.02;
/** Above this share an event loop has no room for a burst. */
const BUSY = 0.95;

/**
 * @param free lateness at p99 that is never held against it, s
 * @param ttft median of the window, s; undefined: none was measured
 * @returns why the generator was the bottleneck; undefined: it was not
 */
export function bottleneck(
  own: Lateness,
  free: number,
  ttft: number | undefined,
): string | undefined {
  const allowed = Math.max(free, SHARE * (ttft ?? 0));
  const ms = (seconds: number) => `${(seconds * 1e3).toFixed(1)} ms`;
  if (own.slipP99 > allowed) {
    return `requests left ${ms(own.slipP99)} late at p99 (most ${ms(own.slipMost)}), allowed ${ms(allowed)}`;
  }
  if (own.loopP99 > allowed) {
    return `its event loop was ${ms(own.loopP99)} late at p99, allowed ${ms(allowed)}`;
  }
  if (own.busy > BUSY) {
    return `its event loop was busy ${(own.busy * 100).toFixed(1)} % of the time, allowed ${BUSY * 100} %`;
  }
  return undefined;
}

const FIELDS = ['slipP50', 'slipP99', 'slipMost', 'loopP99', 'busy', 'cpu', 'seconds'] as const;

/** As numbers, in the order of the fields. */
export function encodeLateness(own: Lateness): readonly number[] {
  return FIELDS.map((field) => own[field]);
}

/** @returns undefined where the values are no lateness */
export function decodeLateness(values: readonly unknown[]): Lateness | undefined {
  if (values.length !== FIELDS.length) return undefined;
  if (!values.every((value) => typeof value === 'number' && Number.isFinite(value) && value >= 0)) {
    return undefined;
  }
  return Object.fromEntries(FIELDS.map((field, at) => [field, values[at]])) as unknown as Lateness;
}
