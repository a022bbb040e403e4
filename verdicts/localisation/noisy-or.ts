/** Decodes flows over known paths: a flow is slow when any element of its path is at fault (STATISTICS 5.5). */

const ITERATIONS = 10;
const DAMPING = 0.5;
const CERTAIN = 60;
/** Elements of a path: node, uplink, uplink, node. */
const PATH = 4;

/** Flows of all rounds together. */
export interface FlowResults {
  readonly elements: number;
  /** Elements of flow i: `paths[4i …]`. */
  readonly paths: Int32Array;
  /** Shortfall of each flow in standard deviations. */
  readonly z: Float64Array;
  /** d′. */
  readonly distance: number;
  /** Share of elements that are assumed to be at fault. */
  readonly rate: number;
}

/** ln odds that each element is at fault; above 0 it is. */
export function decodeFlows(results: FlowResults): Float64Array {
  const { elements, paths, z, distance, rate } = results;
  const prior = Math.log(rate / (1 - rate));
  const messages = new Float64Array(paths.length);
  const odds = new Float64Array(elements).fill(prior);
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const sums = new Float64Array(elements).fill(prior);
    for (const [flow, short] of z.entries()) {
      const first = flow * PATH;
      // ln P(an element is good), told by all its other flows.
      const good = goodness(paths, odds, messages, first);
      const all = good.reduce((sum, one) => sum + one, 0);
      const ratio = clip(distance * short - (distance * distance) / 2);
      for (let at = 0; at < PATH; at += 1) {
        const others = Math.exp(all - (good[at] as number));
        // ln r − ln(g + (1 − g) r), g = P(all others are good)
        const either = Math.log(others + (1 - others) * Math.exp(ratio) + Number.MIN_VALUE);
        const before = messages[first + at] as number;
        const message = DAMPING * before + (1 - DAMPING) * (ratio - either);
        messages[first + at] = message;
        const element = paths[first + at] as number;
        sums[element] = (sums[element] as number) + message;
      }
    }
    odds.set(sums);
  }
  return odds;
}

function goodness(
  paths: Int32Array,
  odds: Float64Array,
  messages: Float64Array,
  first: number,
): Float64Array {
  const good = new Float64Array(PATH);
  for (let at = 0; at < PATH; at += 1) {
    const belief = (odds[paths[first + at] as number] as number) - (messages[first + at] as number);
    good[at] = -Math.log1p(Math.exp(clip(belief)));
  }
  return good;
}

function clip(x: number): number {
  return Math.max(-CERTAIN, Math.min(CERTAIN, x));
}

/**
 * Rounds after which at most `wanted` elements are decided wrongly.
 *
 * @param beyond P(a good flow falls short by half of d′)
 * @see STATISTICS.md 5.5
 */
export function flowRounds(elements: number, rate: number, beyond: number, wanted: number): number {
  const slow = 1 - (1 - rate) ** (PATH - 1) + beyond;
  return Math.ceil(Math.log(elements / wanted) / -Math.log(slow));
}
