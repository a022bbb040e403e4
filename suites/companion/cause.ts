/** Splits *slow* by what telemetry shows during the slow window: a hint for people, never a verdict. */

export type Cause = 'thermal' | 'power' | 'link' | 'neighbour' | 'unexplained';

/** One value of telemetry, as readers give it. */
export interface TelemetryValue {
  /** Absent: the node's own. */
  readonly accelerator?: string;
  /** Seconds, node's clock. */
  readonly at: number;
  readonly field: string;
  readonly value: number;
}

/** Share of looks from which a state counts as having held the trial back. */
const HELD = 0.1;
/** At the power limit is normal; at a limit set below the default it is not. */
const LOWERED = 0.99;
/** Share of CPU time taken by another guest. */
const STEAL = 0.03;

const LINK_COUNTERS = [
  'nvlink-recovery',
  'nvlink-replay',
  'nvlink-crc',
  'nic-link-downed',
  'nic-link-error-recovery',
  'nic-symbol-error',
  'nic-local-ack-timeout-err',
  'nic-out-of-sequence',
  'carrier-down',
];

/**
 * The first of thermal, power, link, neighbour that telemetry shows; else unexplained.
 *
 * @param values of one node and one attempt, in time order
 * @param accelerator slow one; its telemetry and the node's own are looked at. Absent: the whole node's
 * @param window seconds on the node's clock in which it was slow; absent: the whole attempt
 */
export function attribute(
  values: Iterable<TelemetryValue>,
  accelerator?: string,
  window?: readonly [start: number, end: number],
): Cause {
  const fields = new Map<string, number[]>();
  const counters = new Map<string, { first: number; last: number }>();
  for (const { accelerator: of, at, field, value } of values) {
    if (accelerator !== undefined && of !== undefined && of !== accelerator) continue;
    if (LINK_COUNTERS.includes(field)) {
      // Counters are read at both ends of the attempt, outside the window.
      const key = `${of ?? ''} ${field}`;
      counters.set(key, { first: counters.get(key)?.first ?? value, last: value });
    }
    if (window !== undefined && (at < window[0] || at > window[1])) continue;
    const known = fields.get(field);
    if (known === undefined) fields.set(field, [value]);
    else known.push(value);
  }
  const mean = (field: string) => {
    const all = fields.get(field) ?? [];
    return all.length === 0 ? undefined : all.reduce((sum, one) => sum + one, 0) / all.length;
  };
  const held = (field: string) => (mean(field) ?? 0) > HELD;
  if (held('throttle.thermal')) return 'thermal';
  const limit = mean('power-limit');
  const usual = mean('power-default');
  const lowered = limit !== undefined && usual !== undefined && limit < LOWERED * usual;
  if (held('throttle.power-brake') || (lowered && held('throttle.power-cap'))) return 'power';
  // Hardware slowdown without heat or brake: the board protects itself, in practice its power.
  if (held('throttle.hardware')) return 'power';
  const widths = fields.get('pcie-width') ?? [];
  const narrow = widths.length > 0 && Math.min(...widths) < 16;
  if (narrow || [...counters.values()].some(({ first, last }) => last > first)) return 'link';
  if ((mean('cpu-steal') ?? 0) > STEAL) return 'neighbour';
  return 'unexplained';
}
