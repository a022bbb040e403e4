/** Pairs of nodes of one criterion on links: the worst of each place in a square, binned where nodes are many. */

/** Places along a side, at most: more would be finer than a page shows. */
const SIDE = 200;

/** Margins by place; bounded by the square, not by what was measured. */
export interface PairSquare {
  readonly side: number;
  /** Nodes along a side of one place; 1: every pair has its own. */
  readonly perPlace: number;
  /** Margin of the worst trial of each place, row by row; NaN: none was measured. */
  readonly worst: Float32Array;
  /** Trials noted. */
  count: number;
}

export function pairSquare(nodes: number): PairSquare {
  const perPlace = Math.max(1, Math.ceil(nodes / SIDE));
  const side = Math.ceil(nodes / perPlace);
  return { side, perPlace, worst: new Float32Array(side * side).fill(NaN), count: 0 };
}

/** @param margin to the limit: negative is short of it */
export function notePair(square: PairSquare, one: number, other: number, margin: number): void {
  const [low, high] = [one, other]
    .map((node) => Math.floor(node / square.perPlace))
    .sort((a, b) => a - b) as [number, number];
  const at = high * square.side + low;
  square.count += 1;
  const before = square.worst[at] as number;
  if (Number.isNaN(before) || margin < before) square.worst[at] = margin;
}
