/** The absolute schedule of a window: when each request is to be sent, and how long it is. */
import { stream } from '../../../plan/random.ts';
import type { Arrivals } from './settings.ts';

/** One request to be sent. */
export interface Scheduled {
  readonly index: number;
  /** Seconds from the window's start. */
  readonly at: number;
  /** Tokens of the prompt, tokens asked for. */
  readonly input: number;
  readonly output: number;
}

/** A line of a trace. */
export type TraceLine = Omit<Scheduled, 'index'>;

/**
 * Fixed before the first request is sent, so that no slow answer can move it. Exponential gaps are not
 * rescaled (vLLM's are, to end at N / rate), nor slept one after the other (aiperf's are, and drift).
 *
 * @param requests how many
 * @param rate requests a second; a trace has its own
 * @param window number of the window: each has its own draws from the seed
 */
export function schedule(
  arrivals: Arrivals,
  of: {
    readonly requests: number;
    readonly rate: number;
    readonly input: number;
    readonly output: number;
  },
  seed: number,
  window: number,
  trace: readonly TraceLine[] = [],
): readonly Scheduled[] {
  const { requests, rate, input, output } = of;
  const random = stream(seed, 'arrivals', window);
  const gap = (mean: number) => -Math.log(1 - random()) * mean;
  const plain = (at: number, index: number): Scheduled => ({ index, at, input, output });
  switch (arrivals.kind) {
    case 'constant':
      return Array.from({ length: requests }, (_, index) => plain(index / rate, index));
    case 'poisson': {
      let at = 0;
      return Array.from({ length: requests }, (_, index) => plain((at += gap(1 / rate)), index));
    }
    case 'bursts': {
      const { size } = arrivals;
      let at = 0;
      return Array.from({ length: requests }, (_, index) => {
        if (index % size === 0) at += gap(size / rate);
        return plain(at, index);
      });
    }
    case 'trace': {
      const [start = { at: 0 }] = trace;
      return trace.slice(0, requests).map((line, index) => ({
        ...line,
        index,
        at: (line.at - start.at) / arrivals.speed,
      }));
    }
  }
}
