/** Takes host names and addresses out of what a fleet says about its nodes: only private.json has them. */
import type { Fleet } from '../model.ts';

/** Node id → its name, its addresses, the hosts on the way to it. */
export type Words = ReadonlyMap<string, readonly string[]>;

/**
 * The same fleet, whose reasons and events call a node by its id. What a person is told when no node at
 * all can be had keeps its names: that is an error, and stands in no file.
 *
 * @param more beside each node's own name and fabric address
 */
export function nameless(fleet: Fleet, more: Words = new Map()): Fleet {
  const all = [...fleet.nodes, ...fleet.missing.map(({ node }) => node)];
  const patterns = new Map(
    all.map(({ id, name, fabricAddress }) => [
      id,
      patternOf([name, fabricAddress, ...(more.get(id) ?? [])]),
    ]),
  );
  const hide = (id: string, text: string) => {
    const pattern = patterns.get(id);
    return pattern === undefined ? text : text.replaceAll(pattern, id);
  };
  return {
    ...fleet,
    missing: fleet.missing.map((one) => ({ ...one, reason: hide(one.node.id, one.reason) })),
    async start(...given) {
      const exits = await fleet.start(...given);
      return exits.map((exit) =>
        'reason' in exit ? { ...exit, reason: hide(exit.node, exit.reason) } : exit,
      );
    },
    async put(...given) {
      const failed = await fleet.put(...given);
      return failed.map((one) => ({ ...one, reason: hide(one.node, one.reason) }));
    },
    ...(fleet.service !== undefined && {
      service: async (judged) => {
        const done = (await fleet.service?.(judged)) ?? [];
        return done.map((one) => ({ ...one, detail: hide(one.node, one.detail) }));
      },
    }),
    async *events(signal) {
      for await (const event of fleet.events(signal)) {
        yield { ...event, detail: event.nodes.reduce((text, id) => hide(id, text), event.detail) };
      }
    },
  };
}

/** Whole words alone: a host "n1" is not in "n10". Undefined: nothing to hide. */
function patternOf(words: readonly string[]): RegExp | undefined {
  const own = [...new Set(words)].filter((word) => word.length > 0);
  if (own.length === 0) return undefined;
  own.sort((a, b) => b.length - a.length);
  // Not "-": with the flag u it may not be escaped outside a class.
  const escaped = own.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\/]/gu, '\\$&'));
  return new RegExp(`(?<![\\w.-])(?:${escaped.join('|')})(?![\\w-]|\\.\\w)`, 'gu');
}
