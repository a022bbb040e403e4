/** Which nodes a night takes: suspects first, then those not seen for longest; pure. */
import { shuffle, stream } from '../../plan/random.ts';

/** A node that could be taken tonight. */
export interface Candidate {
  readonly id: string;
  /** Nights since it was last seen; Infinity: never. */
  readonly unseen: number;
  /** An alarm is open on it, or detection leans that way; larger is sooner. */
  readonly suspicion: number;
  /** Leaf, else rack, else one for all: pairs within it and out of it are classes of their own. */
  readonly place: string;
}

/** What rotation promises, and what there is to spend. */
export interface RotationOptions {
  /** Nights within which each node and each pair class is to be seen. */
  readonly every: number;
  /** Nodes that the budget carries. */
  readonly capacity: number;
  readonly seed: number;
  /** Nights since each pair class was last seen; a class that is not in it: never. Empty: no pairs are measured. */
  readonly classes: ReadonlyMap<string, number>;
}

/** Pair classes of a place: the links inside it, and those out of it. */
export function classesOf(places: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
  return [...counts].flatMap(([place, nodes]) => [
    ...(nodes > 1 ? [`within ${place}`] : []),
    ...(nodes < places.length ? [`across ${place}`] : []),
  ]);
}

/** The classes that a pair belongs to. */
export function classesOfPair(one: string, other: string): readonly string[] {
  return one === other ? [`within ${one}`] : [`across ${one}`, `across ${other}`];
}

/**
 * Takes as many nodes as the budget carries.
 *
 * @returns ids, first wanted first
 */
export function rotate(
  candidates: readonly Candidate[],
  { every, capacity, seed, classes }: RotationOptions,
): readonly string[] {
  const drawn = shuffle(candidates, stream(seed, 'rotation'));
  const order = drawn.sort(
    (a, b) => b.suspicion - a.suspicion || compareUnseen(b.unseen, a.unseen),
  );
  const most = Math.max(0, Math.min(order.length, capacity));
  const taken = order.slice(0, most);
  const due = [...classes].filter(([, nights]) => nights >= every).map(([name]) => name);
  for (const name of due) {
    for (const wanted of missingFor(name, taken, order)) {
      if (taken.length < most) taken.push(wanted);
      else replaceLast(taken, wanted, every);
    }
  }
  return taken.map(({ id }) => id);
}

function compareUnseen(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Nodes to add so that a pair of the class can be drawn. */
function missingFor(
  name: string,
  taken: readonly Candidate[],
  order: readonly Candidate[],
): readonly Candidate[] {
  const [kind, place] = [name.slice(0, name.indexOf(' ')), name.slice(name.indexOf(' ') + 1)];
  const free = order.filter((one) => !taken.includes(one));
  const inside = taken.filter((one) => one.place === place).length;
  const outside = taken.length - inside;
  const wantInside = Math.max(0, (kind === 'within' ? 2 : 1) - inside);
  const wantOutside = kind === 'across' ? Math.max(0, 1 - outside) : 0;
  return [
    ...free.filter((one) => one.place === place).slice(0, wantInside),
    ...free.filter((one) => one.place !== place).slice(0, wantOutside),
  ];
}

/** Gives up the last node that is neither suspect nor due, for one that a pair class needs. */
function replaceLast(taken: Candidate[], wanted: Candidate, every: number): void {
  const at = taken.findLastIndex((one) => one.suspicion === 0 && one.unseen < every);
  if (at >= 0) taken[at] = wanted;
}
