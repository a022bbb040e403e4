/**
 * Who ran with whom. A node that met only its own leaf has shown nothing of the way out of it: before a node of that leaf
 * is named alone, the others are tried with partners elsewhere, or the leaf itself is to blame.
 */
import type { Node } from '../../runners/model.ts';
import { byText } from '../criteria/ledger.ts';

export class Meetings {
  readonly #partners = new Map<string, Set<string>>();

  /** @param pair sorted ids joined by `~` */
  add(pair: string): void {
    const [one = '', other = ''] = pair.split('~');
    this.#of(one).add(other);
    this.#of(other).add(one);
  }

  /**
   * Nodes that share a place with one of these and never ran with a partner outside it, each with that place.
   *
   * @param failing who is at fault so far
   * @param members who takes part
   * @param nodes by id
   */
  inside(
    failing: readonly string[],
    members: ReadonlySet<string>,
    nodes: ReadonlyMap<string, Node>,
  ): { readonly node: string; readonly place: ReadonlySet<string> }[] {
    const found = new Map<string, ReadonlySet<string>>();
    for (const place of placesOf(failing, members, nodes)) {
      for (const node of place) {
        const met = this.#partners.get(node) ?? new Set();
        if (![...met].some((partner) => !place.has(partner))) found.set(node, place);
      }
    }
    return [...found]
      .map(([node, place]) => ({ node, place }))
      .sort((a, b) => byText(a.node, b.node));
  }

  #of(node: string): Set<string> {
    const own = this.#partners.get(node) ?? new Set();
    this.#partners.set(node, own);
    return own;
  }
}

/** Members of every place of these nodes that others are outside of, the widest last. */
function placesOf(
  failing: readonly string[],
  members: ReadonlySet<string>,
  nodes: ReadonlyMap<string, Node>,
): ReadonlySet<string>[] {
  const keys = new Set(
    failing.flatMap((id) =>
      (nodes.get(id)?.domains ?? []).map(({ kind, id: own }) => `${kind} ${own}`),
    ),
  );
  if (keys.size === 0) return [];
  const places = new Map<string, Set<string>>();
  for (const id of members) {
    for (const { kind, id: own } of nodes.get(id)?.domains ?? []) {
      const key = `${kind} ${own}`;
      if (!keys.has(key)) continue;
      const place = places.get(key) ?? new Set<string>();
      places.set(key, place);
      place.add(id);
    }
  }
  return [...places.values()]
    .filter((place) => place.size > 1 && place.size < members.size)
    .sort((a, b) => a.size - b.size);
}

/** Each of these with a cleared partner outside its place, as far as there are any; nobody twice. */
export function pairsOutside(
  inside: readonly { readonly node: string; readonly place: ReadonlySet<string> }[],
  cleared: readonly string[],
): string[][] {
  const free = new Set(cleared);
  return inside.flatMap(({ node, place }) => {
    if (!free.delete(node)) return [];
    const partner = [...free].find((other) => !place.has(other));
    if (partner === undefined) return [];
    free.delete(partner);
    return [[node, partner].sort(byText)];
  });
}
