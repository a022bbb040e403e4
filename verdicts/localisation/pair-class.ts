/** Which pairs have a path of one kind, and so one expectation (STATISTICS 5.2). */
import type { Domain, Node } from '../../runners/model.ts';

/** Parts that both ends may share, the narrowest first: the place is the code. */
const SHARED: readonly Domain['kind'][] = ['nvlink', 'leaf', 'block'];

/** Code of a pair's class; pairs whose leaves are not known are one class. */
export function pairClass(one: Node, other: Node): number {
  const at = SHARED.findIndex((kind) => {
    const id = domainOf(one, kind);
    return id !== undefined && id === domainOf(other, kind);
  });
  if (at >= 0) return at;
  const known = SHARED.some((kind) => domainOf(one, kind) !== undefined);
  return known ? SHARED.length : SHARED.length + 1;
}

/** Whether a class of pairs stays below one leaf. */
export function isNear(code: number): boolean {
  return code <= SHARED.indexOf('leaf');
}

/** Code of a pair by its key; a class of its own where an end is not known. */
export function classOfPairs(nodes: ReadonlyMap<string, Node>): (pair: string) => number {
  return (pair) => {
    const [one, other] = pair.split('~').map((id) => nodes.get(id));
    return one === undefined || other === undefined ? SHARED.length + 1 : pairClass(one, other);
  };
}

/** Which rack, leaf, … a node is in; undefined: not known. */
export function domainOf(node: Node, kind: Domain['kind']): string | undefined {
  return node.domains.find((one) => one.kind === kind)?.id;
}
