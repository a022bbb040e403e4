/** What the nodes are: the environment they share, and who differs. */
import type { FleetFile } from '../../../campaign/directory/model.ts';
import { showBytes, showCount } from '../../figure.ts';
import { nodeRanges, plural } from '../../words.ts';
import type { Context } from '../context.ts';

/** Values of one fact shown; a fact with more is another thing on every node (a serial). */
const VALUES = 8;

interface Fact {
  readonly name: string;
  /** Value → nodes that have it. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** Facts that differ over the fleet, most common value first; facts that are equal; facts not read. */
export function fleetView(context: Context) {
  const { fleet } = context.run;
  const facts = factsOf(fleet);
  const differing = facts.filter(({ values }) => values.size > 1);
  return {
    nodes: plural(fleet.nodes.length, 'node'),
    differences: differing.map(({ name, values }) => {
      const common = [...values].sort((a, b) => b[1].length - a[1].length);
      return {
        name,
        kinds: showCount(values.size),
        rows: common.slice(0, VALUES).map(([value, nodes], index) => ({
          value,
          count: showCount(nodes.length),
          // The majority is told by its number; whoever differs is told by name.
          nodes: index === 0 ? 'most common' : nodeRanges(nodes),
        })),
        more: values.size > VALUES ? showCount(values.size - VALUES) : '',
      };
    }),
    equal: facts
      .filter(({ values }) => values.size === 1)
      .map(({ name, values }) => {
        const [[value, nodes] = ['', []]] = values;
        return {
          name,
          value,
          on: nodes.length === fleet.nodes.length ? 'all nodes' : nodeRanges(nodes),
        };
      }),
    lost: fleet.lost.map(({ fact, nodes, why }) => ({ fact, nodes: nodeRanges(nodes), why })),
    missing: fleet.missing.map(({ node, code, reason }) => ({ node, code, reason })),
  };
}

function factsOf(fleet: FleetFile): readonly Fact[] {
  const facts = new Map<string, Map<string, string[]>>();
  const note = (name: string, value: string, node: string) => {
    const values = facts.get(name) ?? new Map<string, string[]>();
    facts.set(name, values);
    const nodes = values.get(value);
    if (nodes === undefined) values.set(value, [node]);
    else nodes.push(node);
  };
  for (const node of fleet.nodes) {
    const models = new Map<string, number>();
    for (const { model, memory } of node.accelerators) {
      const part = `${model}, ${showMemory(memory)}`;
      models.set(part, (models.get(part) ?? 0) + 1);
    }
    const parts = [...models].map(([part, count]) => `${count} × ${part}`);
    note('accelerators', parts.length === 0 ? 'none seen' : parts.join(' + '), node.id);
    for (const [name, value] of Object.entries(node.environment)) note(name, value, node.id);
  }
  return [...facts]
    .map(([name, values]) => ({ name, values }))
    .sort((a, b) => (a.name === 'accelerators' ? -1 : a.name < b.name ? -1 : 1));
}

/** Memory as vendors print it: whole GB. */
function showMemory(bytes: number): string {
  return bytes >= 1e9 ? `${Math.floor(bytes / 1e9)} GB` : showBytes(bytes);
}
