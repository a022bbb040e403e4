/** The search for the highest rate that still keeps the SLO: a bracket of rates with a confidence. */
import { earlyStoppingQueries } from '../../../verdicts/statistics/early-stopping.ts';
import { exceedance } from '../../../verdicts/statistics/exceedance.ts';

/** What a search is asked for. */
export interface SearchPlan {
  /** First rate tried, requests/s. */
  readonly from: number;
  /** Never above. */
  readonly to: number;
  /** Share of requests that must be good, e.g. 0.99. */
  readonly share: number;
  /** Half width of the interval that ends it, relative: 0.08 = ± 8 %. */
  readonly within: number;
  /** Windows, at most. */
  readonly most: number;
}

/** One window's count. */
export interface Probe {
  readonly rate: number;
  /** Requests that were not good. */
  readonly over: number;
  readonly of: number;
  /** Its backlog grew without end: the rate is not held, whatever the window shows. */
  readonly saturated: boolean;
}

export type SearchState =
  | { readonly next: number }
  | {
      readonly found: {
        /** Geometric middle of the interval, requests/s. */
        readonly rate: number;
        readonly low: number;
        readonly high: number;
      };
    }
  | { readonly open: string };

/** Chance that the interval misses, over the whole search. */
const RISK = 0.05;
/** Windows at one rate before it is left as it is: the edge lies there. */
const REPEATS = 4;
/** Growth from rate to rate until the first one is not held. */
const FACTOR = 2;

/**
 * What the windows so far lead to. A rate *holds* when the share of good requests is shown to reach `share`,
 * and *fails* when it is shown not to, each at 1 − 0.05 / windows (Bonferroni, so the interval between the
 * highest that holds and the lowest that fails is a 95 % one); until one of the two is shown its window is
 * repeated and its counts are pooled. Pure: the same windows, the same answer.
 *
 * @param probes in the order in which they were measured
 */
export function searchState(plan: SearchPlan, probes: readonly Probe[]): SearchState {
  const risk = RISK / plan.most;
  const rates = [...new Set(probes.map((probe) => probe.rate))].sort((a, b) => a - b);
  let low: number | undefined;
  let high: number | undefined;
  const unclear: number[] = [];
  for (const rate of rates) {
    const own = probes.filter((probe) => probe.rate === rate);
    const word = wordOf(own, plan.share, risk);
    if (word === 'fails') {
      high ??= rate;
    } else if (word === 'holds') {
      // A rate that holds above one that does not: what lies below it is not the edge.
      if (high === undefined) low = rate;
    } else if (own.length < REPEATS && probes.length < plan.most) {
      return { next: rate };
    } else unclear.push(rate);
  }
  if (low !== undefined && high !== undefined && high / low <= (1 + plan.within) ** 2) {
    return { found: { rate: Math.sqrt(low * high), low, high } };
  }
  const bracket = `holds at ${shown(low)}, fails at ${shown(high)} requests/s`;
  if (probes.length >= plan.most) return { open: `${bracket} after ${probes.length} windows` };
  if (rates.length === 0) return { next: plan.from };
  if (high === undefined) {
    const top = rates.at(-1) as number;
    if (low !== undefined && top >= plan.to) {
      return { open: `every rate up to ${plan.to} requests/s holds: raise search.to` };
    }
    return { next: Math.min(plan.to, top * FACTOR) };
  }
  if (low === undefined) return { next: (rates[0] as number) / FACTOR };
  return { next: between(low, high, unclear) };
}

/** The middle of the bracket; where a rate in it stays unclear, the wider side of that one. */
function between(low: number, high: number, unclear: readonly number[]): number {
  const inside = unclear.filter((rate) => rate > low && rate < high);
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined) return Math.sqrt(low * high);
  return first / low >= high / last ? Math.sqrt(low * first) : Math.sqrt(last * high);
}

function wordOf(own: readonly Probe[], share: number, risk: number): 'holds' | 'fails' | 'unclear' {
  if (own.some((probe) => probe.saturated)) return 'fails';
  const over = own.reduce((sum, probe) => sum + probe.over, 0);
  const of = own.reduce((sum, probe) => sum + probe.of, 0);
  if (exceedance(over, of, 1 - share) <= risk) return 'fails';
  return of >= earlyStoppingQueries(over, share, 1 - risk) ? 'holds' : 'unclear';
}

function shown(rate: number | undefined): string {
  return rate === undefined ? 'none' : rate.toPrecision(4);
}
