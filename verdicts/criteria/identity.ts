/** `identity`: one machine is not delivered twice. */
import type { Node } from '../../runners/model.ts';
import { some } from '../show.ts';
import type { NodeWord } from './node-facts.ts';

/**
 * Nodes that share an identity → the sentence. The strongest identity and the accelerators' must be
 * unique; a chassis serial too, unless the plan itself tells the two apart (hosts that share a machine).
 */
export function sharedIdentities(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const owners = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const key of identityKeys(node)) {
      const own = owners.get(key);
      if (own === undefined) owners.set(key, [node]);
      else own.push(node);
    }
  }
  const shared = new Map<string, string>();
  for (const [key, own] of owners) {
    if (own.length < 2) continue;
    for (const node of own) {
      const others = own.filter((one) => one !== node).map((one) => one.id);
      const kind = key.slice(0, key.indexOf(':'));
      if (!shared.has(node.id)) {
        shared.set(node.id, `its ${NAMES[kind] ?? kind} is also that of ${some(others)}`);
      }
    }
  }
  return shared;
}

/** The word on one node. */
export function identityWord(
  node: Node | undefined,
  shared: ReadonlyMap<string, string>,
): NodeWord | undefined {
  if (node === undefined) return undefined;
  const reason = shared.get(node.id);
  if (reason !== undefined) return { verdict: 'fail', reason };
  const [strongest] = node.identity;
  return {
    verdict: 'pass',
    reason:
      strongest === undefined
        ? 'nothing strong is known that names this machine; it shares no identity with another'
        : `its ${NAMES[strongest.kind] ?? strongest.kind} is its own`,
  };
}

const NAMES: Readonly<Record<string, string>> = {
  'provider-id': 'instance id',
  plan: 'serial in the plan',
  serial: 'chassis serial',
  accelerators: 'set of accelerators',
  nics: 'set of NICs',
};

/** The names under which a machine is known again: none of two machines is the same. Strongest first. */
export function identityKeys(node: Pick<Node, 'identity'>): ReadonlySet<string> {
  const keys = new Set<string>();
  const [strongest] = node.identity;
  const told = node.identity.some((one) => one.kind === 'plan' || one.kind === 'provider-id');
  for (const one of node.identity) {
    const always = one === strongest || one.kind === 'accelerators';
    if (always || (one.kind === 'serial' && !told)) keys.add(`${one.kind}:${one.value}`);
  }
  return keys;
}
