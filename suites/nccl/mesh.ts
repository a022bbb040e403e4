/** How the ranks of an xla case lie: all in one collective, or a collective along an axis in every row at once. */
import { partFor } from '../../plan/catalogue/parts.ts';
import type { Parameters } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';

/** One way to run a collective over a scope. */
export interface Lie {
  /** What the case's parameters say of it. */
  readonly parameters: Parameters;
  /** Last word of the case's id; absent: the whole scope. */
  readonly word?: string;
  /** Ranks of one communicator. */
  readonly size: number;
}

const AXES = 'xyzuvw';
/** Chips of 4 × 4 × 4, joined by copper; optical switches join cubes to larger slices. */
const CUBE = 64;

/** Slice of each node, in order, as numbers; undefined unless the nodes lie in several, each known. */
export function slicesOf(nodes: readonly Pick<Node, 'domains'>[]): readonly number[] | undefined {
  const ids = nodes.map((node) => node.domains.find(({ kind }) => kind === 'slice')?.id);
  const known = [...new Set(ids)];
  if (known.length < 2 || known.includes(undefined)) return undefined;
  return ids.map((id) => known.indexOf(id));
}

/**
 * The whole scope over the chips' own links (ICI), within each of its cubes where it has several, and along each axis of
 * the plan's mesh where it is of this many ranks; between slices, the chips of one place in each, over the hosts' network (DCN).
 *
 * @param ranks of the scope
 * @param nodes of the scope: in several slices they are joined by DCN
 */
export function liesOf(
  ranks: number,
  mesh: readonly number[] | undefined,
  nodes: readonly Node[],
): readonly Lie[] {
  const tpu = nodes.some((node) => node.accelerators.some(({ kind }) => kind === 'tpu'));
  const slices = slicesOf(nodes);
  if (tpu && slices !== undefined) {
    const count = Math.max(...slices) + 1;
    const lie = `${count}x${ranks / count}`;
    return [{ parameters: { fabric: 'dcn', mesh: lie, axis: 'x' }, word: 'dcn', size: count }];
  }
  const fabric: Parameters = tpu ? { fabric: 'ici' } : {};
  const fits = mesh !== undefined && mesh.reduce((all, side) => all * side, 1) === ranks;
  const lie = fits ? mesh.join('x') : '';
  return [
    { parameters: fabric, size: ranks },
    ...cubesOf(ranks, nodes).map((row) => ({
      parameters: { ...fabric, axis: 'cube', row },
      word: 'cube',
      size: row,
    })),
    ...(fits ? mesh : []).map((size, at) => {
      const axis = AXES[at] ?? '';
      return { parameters: { ...fabric, mesh: lie, axis }, word: axis, size };
    }),
  ];
}

/** Ranks of a cube, where chips of this kind are joined in space and these are several whole cubes. */
function cubesOf(ranks: number, nodes: readonly Node[]): readonly number[] {
  const chips = nodes[0]?.accelerators ?? [];
  const torus = partFor(chips.map(({ model }) => model))?.torus;
  const row = CUBE * (chips[0]?.cores ?? 1);
  return torus?.axes === 3 && ranks > row && ranks % row === 0 ? [row] : [];
}

/** Ranks of one communicator of a case, of all its ranks. */
export function communicatorSize(parameters: Parameters, ranks: number): number {
  if (typeof parameters['row'] === 'number') return parameters['row'];
  const { sides, axis } = placed(parameters);
  return sides[axis] ?? ranks;
}

/** The mesh of a case for the payload: `--mesh 2x4 --axis 1`. Slices differ in how many cubes they have. */
export function meshArguments(parameters: Parameters, ranks: number): readonly string[] {
  const { mesh, row } = parameters;
  if (typeof row === 'number') return ['--mesh', `${ranks / row}x${row}`, '--axis', '1', '--cubes'];
  return mesh === undefined
    ? []
    : ['--mesh', String(mesh), '--axis', String(placed(parameters).axis)];
}

function placed({ mesh, axis }: Parameters) {
  const sides = typeof mesh === 'string' ? mesh.split('x').map(Number) : [];
  return { sides, axis: typeof axis === 'string' ? AXES.indexOf(axis) : 0 };
}
