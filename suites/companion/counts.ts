/** Differences of counters and beginnings of states over one trial, for one device. */
import { classifyXid } from '../../plan/catalogue/xid.ts';
import { decodeThrottle } from './throttle.ts';
import type { Watch } from './watch.ts';

/** Event → the counters whose differences are added. */
const SUMS = {
  'ecc-uncorrected': ['ecc-uncorrected'],
  'ecc-corrected': ['ecc-corrected'],
  'row-remap': ['remap-correctable', 'remap-uncorrectable', 'remap-pending', 'remap-failure'],
  'nvlink-recovery': ['nvlink-recovery'],
  'link-down': ['nic-link-downed', 'carrier-down'],
  'nic-error': ['nic-link-error-recovery', 'nic-local-ack-timeout-err'],
} as const;

const SUM_OF: readonly (readonly [string, readonly string[]])[] = Object.entries(SUMS);
const COUNTERS: ReadonlySet<string> = new Set(Object.values(SUMS).flat());

/** Bounded: one entry a counter, however long the trial. */
export class Counts {
  readonly #first = new Map<string, number>();
  readonly #last = new Map<string, number>();
  /** Line on which the device spoke last, from 1; 0 = never. */
  line = 0;
  /** Seconds, node's clock. */
  from = Infinity;
  to = -Infinity;
  /** Hardware XIDs. */
  xids = 0;
  #slowdowns: number | undefined;
  #slow = false;

  take(watch: Watch, line: number): void {
    this.line = line;
    this.from = Math.min(this.from, watch.at);
    this.to = Math.max(this.to, watch.at);
    for (const field in watch.fields) {
      const value = watch.fields[field] as number;
      if (field === 'xid') this.xids += classifyXid(value) === 'hardware' ? 1 : 0;
      else if (field === 'throttle') this.#throttle(decodeThrottle(value).hardware);
      else if (COUNTERS.has(field)) {
        if (!this.#first.has(field)) this.#first.set(field, value);
        this.#last.set(field, value);
      }
    }
  }

  #throttle(slow: boolean): void {
    this.#slowdowns = (this.#slowdowns ?? 0) + (slow && !this.#slow ? 1 : 0);
    this.#slow = slow;
  }

  /** Events and their counts; an event of which no counter was readable is absent, never 0. */
  events(): readonly (readonly [event: string, count: number])[] {
    const events: (readonly [string, number])[] = [];
    for (const [event, counters] of SUM_OF) {
      let sum: number | undefined;
      for (const counter of counters) {
        if (this.#first.has(counter)) sum = (sum ?? 0) + this.#difference(counter);
      }
      if (sum !== undefined) events.push([event, sum]);
    }
    if (this.#slowdowns !== undefined) events.push(['hardware-slowdown', this.#slowdowns]);
    return events;
  }

  /** A counter that fell was reset in between: what it shows now has come since. */
  #difference(counter: string): number {
    const first = this.#first.get(counter) ?? 0;
    const last = this.#last.get(counter) ?? 0;
    return last >= first ? last - first : last;
  }
}
