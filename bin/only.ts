/** `--only`: a part of the plan's fleet is tested; the delivery stays whole. */
import { HarnessError } from '../plan/errors.ts';
import { nearest } from '../plan/options.ts';
import type { Fleet, Node, Runner } from '../runners/model.ts';

/** Code of a node that is in the plan and not in this run. */
const LEFT_OUT = 'NOT_SELECTED';

/**
 * Reads NODES: ids, host names, lists of them (`gpu[003-005].lab`), or `file:` with any of these.
 *
 * @throws {HarnessError} PLAN_INVALID where it is malformed or can't be read
 */
export async function readNodes(text: string): Promise<readonly string[]> {
  const { readHosts } = await import('../runners/ssh/sources.ts');
  return (await readHosts([text], process.stdin)).map((row) => row.name);
}

/**
 * A runner whose fleet has only some of its nodes; the others are missing, with that reason.
 *
 * @param words ids and names; undefined: the runner as it is
 */
export function onlyNodes(runner: Runner, words: readonly string[] | undefined): Runner {
  if (words === undefined) return runner;
  return selectNodes(runner, async (fleet) => {
    const all = [...fleet.nodes, ...fleet.missing.map((one) => one.node)];
    return words.map((word) => nodeOf(all, word).id);
  });
}

/**
 * A runner whose fleet has the nodes that are chosen once it is open; the others are missing, with that reason.
 *
 * @param choose gives ids, of nodes that are there or missing
 */
export function selectNodes(
  runner: Runner,
  choose: (fleet: Fleet) => Promise<readonly string[]>,
): Runner {
  return {
    ...runner,
    async open(context, signal) {
      const fleet = await runner.open(context, signal);
      try {
        return partOf(fleet, new Set(await choose(fleet)));
      } catch (error) {
        await fleet.release([]);
        throw error;
      }
    },
  };
}

function partOf(fleet: Fleet, chosen: ReadonlySet<string>): Fleet {
  const out = fleet.nodes.filter((node) => !chosen.has(node.id));
  const nodes = fleet.nodes.filter((node) => chosen.has(node.id));
  if (nodes.length === 0) {
    const [first] = fleet.missing.filter((one) => chosen.has(one.node.id));
    throw new HarnessError('FLEET_UNREACHABLE', 'none of the nodes that were chosen is there', {
      hint: `The first is missing: ${first?.code ?? ''}: ${first?.reason ?? ''}`,
    });
  }
  return {
    ...fleet,
    nodes,
    missing: [
      ...fleet.missing,
      ...out.map((node) => ({
        node,
        slot: node.name,
        code: LEFT_OUT,
        reason: 'left out of this run: it was not chosen',
      })),
    ],
  };
}

function nodeOf(all: readonly Node[], word: string): Node {
  const found = all.filter((node) => node.id === word || node.name === word);
  const [node] = found;
  if (node !== undefined && found.length === 1) return node;
  const known = all.flatMap(({ id, name }) => [id, name]);
  if (node === undefined) {
    throw new HarnessError('USAGE', `--only names ${word}, which is no node of this fleet`, {
      hint: nearest(word, known, 'Nodes'),
    });
  }
  throw new HarnessError('USAGE', `--only names ${word}, which is ${found.length} nodes`, {
    hint: `Name the node by its id: ${found.map(({ id }) => id).join(' or ')}.`,
  });
}
