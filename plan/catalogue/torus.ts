/** What the links between TPU chips (ICI) carry at most, by counting the bytes that must cross them. */
import type { Part } from '../model.ts';
import type { Collective } from './roofline.ts';

/** Chips in a grid, each linked with its neighbours; an axis that is closed has a link from its end to its start. */
export interface Grid {
  /** Chips along each axis. */
  readonly sides: readonly number[];
  readonly closed: readonly boolean[];
  /** Links may cross over from row to row where an axis closes (a twisted torus): shorter ways than a plain one has. */
  readonly twisted?: boolean;
}

/** A part with links of its own. */
export type Torus = NonNullable<Part['torus']>;

/** Chips along each axis of one host, by how many it has. */
const HOST: Readonly<Record<number, readonly number[]>> = {
  1: [1],
  2: [1, 2],
  4: [2, 2],
  8: [2, 4],
};

/** The chips of a host alone: no axis of it is closed. */
export function hostGrid(chips: number): Grid | undefined {
  const sides = HOST[chips];
  return sides && { sides, closed: sides.map(() => false) };
}

/** A slice of this part: a plane closes an axis of 16, space closes whole cubes of 4 × 4 × 4. */
export function sliceGrid(torus: Torus, sides: readonly number[]): Grid {
  if (torus.axes === 2) return { sides, closed: sides.map((side) => side >= 16) };
  const cubes = sides.length === 3 && sides.every((side) => side % 4 === 0);
  // Only unequal sides can be twisted.
  return { sides, closed: sides.map(() => cubes), twisted: cubes && new Set(sides).size > 1 };
}

/** Every shape in which this part can lie in so many chips, sides in ascending order; planes are sold near square. */
export function shapesOf(torus: Torus, chips: number): readonly Grid[] {
  const most = torus.axes === 2 ? 16 : chips;
  const split = (left: number, axes: number, least: number): number[][] => {
    if (axes === 1) return left >= least && left <= most ? [[left]] : [];
    const found: number[][] = [];
    for (let side = least; side ** axes <= left; side += 1) {
      if (left % side !== 0) continue;
      for (const rest of split(left / side, axes - 1, side)) found.push([side, ...rest]);
    }
    return found;
  };
  return split(chips, torus.axes, 1)
    .filter(([first = 1, second = 1]) => torus.axes === 3 || second <= 2 * first)
    .map((sides) => sliceGrid(torus, sides));
}

/**
 * Highest algbw over a grid, in links: times one link's rate it is B/s. All its chips are in one communicator, of a
 * rank each.
 *
 * @returns undefined for one chip
 */
export function gridAlgbw(collective: Collective, grid: Grid): number | undefined {
  const { sides, closed } = grid;
  const chips = sides.reduce((product, side) => product * side, 1);
  if (chips < 2) return undefined;
  const others = (chips - 1) / chips;
  // The chip in the corner has the fewest links, and needs as much as any.
  const fewest = sides.reduce((sum, side, at) => sum + links(side, closed[at] === true), 0);
  switch (collective) {
    case 'all_reduce':
      return fewest / (2 * others);
    case 'broadcast':
    case 'reduce':
    case 'sendrecv':
      return fewest;
    case 'all_gather':
    case 'reduce_scatter':
    case 'gather':
    case 'scatter':
      return fewest / others;
    case 'alltoall':
      return Math.min(fewest / others, acrossMiddle(grid, chips), byDistance(grid, chips));
  }
}

/** Links of the chip at the end of an axis, along it. */
function links(side: number, closed: boolean): number {
  return side < 2 ? 0 : closed && side > 2 ? 2 : 1;
}

/** Half of the grid has something for each chip of the other half, and all of it crosses the middle of an axis. */
function acrossMiddle({ sides, closed, twisted }: Grid, chips: number): number {
  if (twisted === true) return Infinity;
  const cuts = sides.flatMap((side, at) => {
    if (side < 2) return [];
    const half = (chips / side) * Math.floor(side / 2);
    const crossing = (chips / side) * links(side, closed[at] === true);
    return [(crossing * chips) / (half * (chips - half))];
  });
  return Math.min(...cuts);
}

/** All links together carry each message over as many of them as its way has: at least as many as in an endless grid. */
function byDistance({ sides, closed }: Grid, chips: number): number {
  if (!closed.some(Boolean)) return Infinity;
  const axes = sides.filter((side) => side > 1).length;
  let [left, far, sum] = [chips - 1, 0, 0];
  while (left > 0) {
    far += 1;
    const ring = Math.min(left, axes === 3 ? 4 * far * far + 2 : axes === 2 ? 4 * far : 2);
    sum += ring * far;
    left -= ring;
  }
  return (2 * axes * chips) / sum;
}
