/** What money buys: shown on the terminal, for no file of a run but private.json has a price. */
import type { Sample } from '../suites/model.ts';

/** As private.json has it. */
export interface Price {
  readonly perNodeHour: number;
  readonly currency: string;
}

/** Rates of a whole node, in tokens/s: with the price of its hour they come to tokens for money. */
const OF_A_NODE: ReadonlySet<string> = new Set(['inference.endpoint.throughput-per-node']);

/** Tokens for a unit of the currency; undefined: the sample is no node's rate, or no price is known. */
export function boughtOf(
  { metric, value }: Pick<Sample, 'metric' | 'value'>,
  price: Price | undefined,
): string | undefined {
  if (price === undefined || !(price.perNodeHour > 0) || !OF_A_NODE.has(metric)) return undefined;
  const { perNodeHour, currency } = price;
  const tokens = (value * 3600) / perNodeHour;
  return `${Math.round(tokens)} tokens for 1 ${currency}, at ${perNodeHour} ${currency} a node-hour`;
}
