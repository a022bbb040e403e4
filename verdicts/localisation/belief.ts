/** Decodes a fixed number of rounds at once, by belief propagation on the graph of pairs (STATISTICS 5.4). */

const ITERATIONS = 8;
/** Keeps a message finite: no single pair makes a node certain. */
const CERTAIN = 60;

/** Results of all rounds together. */
export interface PairResults {
  readonly nodes: number;
  /** `pairs[2i]` ran with `pairs[2i + 1]`. */
  readonly pairs: Int32Array;
  /** Shortfall in standard deviations, one a pair: N(0, 1) for a good pair, N(distance, 1) with a fault in it. */
  readonly z: Float64Array;
  /** d′. */
  readonly distance: number;
  /** Share of nodes that are assumed to be at fault. */
  readonly rate: number;
}

/**
 * ln odds that each node is at fault; above 0 it is.
 *
 * @see STATISTICS.md 5.4: L_i = ln(rho/(1−rho)) + Σ [ln f1(z) − ln((1−p) f0(z) + p f1(z))], p the partner's, without this pair
 */
export function decodePairs(results: PairResults): Float64Array {
  const { nodes, pairs, z, distance } = results;
  const prior = Math.log(results.rate / (1 - results.rate));
  // ln f1(z)/f0(z)
  const ratios = z.map((one) => clip(distance * one - (distance * distance) / 2));
  const messages = new Float64Array(pairs.length);
  const odds = new Float64Array(nodes).fill(prior);
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const sums = new Float64Array(nodes).fill(prior);
    const next = new Float64Array(pairs.length);
    for (let end = 0; end < pairs.length; end += 1) {
      const other = end ^ 1;
      const partner = pairs[other] as number;
      const belief = (odds[partner] as number) - (messages[other] as number);
      const message = told(ratios[end >> 1] as number, belief);
      next[end] = message;
      const node = pairs[end] as number;
      sums[node] = (sums[node] as number) + message;
    }
    messages.set(next);
    odds.set(sums);
  }
  return odds;
}

/** ln r − ln((1 − p) + p r), with p from its ln odds. */
function told(ratio: number, odds: number): number {
  const fault = -Math.log1p(Math.exp(-clip(odds)));
  const none = -Math.log1p(Math.exp(clip(odds)));
  const with_ = fault + ratio;
  const high = Math.max(none, with_);
  return ratio - (high + Math.log(Math.exp(none - high) + Math.exp(with_ - high)));
}

function clip(x: number): number {
  return Math.max(-CERTAIN, Math.min(CERTAIN, x));
}
