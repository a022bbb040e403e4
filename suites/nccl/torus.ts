/** The most that a collective reaches between TPU chips: over their own links (ICI), or their hosts' network (DCN). */
import {
  gridAlgbw,
  hostGrid,
  shapesOf,
  sliceGrid,
  type Grid,
  type Torus,
} from '../../plan/catalogue/torus.ts';
import type { Parameters, Part, Sourced } from '../../plan/model.ts';
import { busbwFactor, type Collective } from './collectives.ts';
import { communicatorSize } from './mesh.ts';

type Figure = 'busbw' | 'algbw';

/**
 * @param chips of the trial; a plan counts slices, so it holds where the criterion tells `nodes` or `ranks` only
 * @param parameters of the criterion: `topology` ("4x4x8") is the slice's shape, else the best one counts
 * @returns undefined for what the catalogue has no figure of, and for a mesh that does not follow the chips' axes
 */
export function onTorus(
  collective: Collective,
  figure: Figure,
  part: Part,
  chips: number,
  parameters: Parameters,
): Sourced<number> | undefined {
  const { torus, scaleUp, hostNetwork } = part;
  if (torus === undefined) return undefined;
  if (parameters['fabric'] === 'dcn') {
    return hostNetwork && overHosts(collective, figure, hostNetwork, parameters, chips);
  }
  if (scaleUp === undefined) return undefined;
  const link = scaleUp.value / (2 * torus.axes);
  let best: { readonly grid: Grid; readonly value: number } | undefined;
  for (const grid of gridsOf(part, torus, chips, parameters)) {
    const value = onGrid(collective, figure, grid, torus);
    if (value !== undefined && value > (best?.value ?? 0)) best = { grid, value };
  }
  if (best === undefined) return undefined;
  const { sides, closed } = best.grid;
  const shape = `${sides.join('x')} chips${closed.some(Boolean) ? ', closed' : ''}`;
  return {
    value: best.value * link,
    source: `ICI over ${shape}, ${(link / 1e9).toFixed(0)} GB/s a link, one direction: ${scaleUp.source}`,
  };
}

/** In links. Ranks of one chip share its links: what each sends apart goes over them one after the other. */
function onGrid(collective: Collective, figure: Figure, grid: Grid, torus: Torus) {
  const algbw = gridAlgbw(collective, grid);
  if (algbw === undefined) return undefined;
  const own = torus.ranksPerChip;
  const shared = collective === 'alltoall' || collective === 'sendrecv' ? own : 1;
  const ranks = own * product(grid.sides);
  return (algbw / shared) * (figure === 'algbw' ? 1 : busbwFactor(collective, ranks));
}

/** How the chips of a communicator may lie. */
function gridsOf(part: Part, torus: Torus, chips: number, parameters: Parameters): readonly Grid[] {
  const { axis, mesh, scope, topology } = parameters;
  // Every cube at once: each chip has its own links, be they copper or lead to another cube.
  if (axis === 'cube') return [sliceGrid(torus, [4, 4, 4])];
  if (axis !== undefined) return rowsOf(torus, sidesIn(mesh), String(axis));
  const sides = sidesIn(topology);
  if (sides !== undefined) return [sliceGrid(torus, sides)];
  const host = scope === 'node' ? hostGrid(part.perNode) : undefined;
  if (host !== undefined) return [host];
  const told = ['nodes', 'ranks'].some((key) => typeof parameters[key] === 'number');
  if (told) return shapesOf(torus, chips);
  const most = Math.floor(Math.log2(part.scaleUpDomain ?? part.perNode));
  return Array.from({ length: most }, (_, at) => shapesOf(torus, 2 ** (at + 1))).flat();
}

/** Rows along one axis, all at once: where the mesh is that of the chips, all links along it are theirs. */
function rowsOf(torus: Torus, mesh: readonly number[] | undefined, axis: string): readonly Grid[] {
  const at = 'xyzuvw'.indexOf(axis);
  const side = mesh?.[at];
  if (side === undefined || mesh === undefined || torus.ranksPerChip > 1) return [];
  const sorted = (sides: readonly number[]) => [...sides].sort((a, b) => a - b).join('x');
  const shapes = shapesOf(torus, product(mesh));
  // A mesh with other sides is folded over several axes of the chips.
  if (!shapes.some(({ sides }) => sorted(sides) === sorted(mesh))) return [];
  return [{ sides: [side], closed: [sliceGrid(torus, mesh).closed[at] === true] }];
}

/** Between slices, the chips of one place in each: every chip has its share of its host's network. */
function overHosts(
  collective: Collective,
  figure: Figure,
  { value, source }: Sourced<number>,
  parameters: Parameters,
  chips: number,
): Sourced<number> | undefined {
  const slices = communicatorSize(parameters, chips);
  if (slices < 2) return undefined;
  const share = figure === 'busbw' ? 1 : busbwFactor(collective, slices);
  return {
    value: value / share,
    source: `DCN, a chip's share of its host, one direction: ${source}`,
  };
}

function product(sides: readonly number[]): number {
  return sides.reduce((all, side) => all * side, 1);
}

function sidesIn(text: Parameters[string] | undefined): readonly number[] | undefined {
  if (typeof text !== 'string' || !/^\d+(?:x\d+)+$/u.test(text)) return undefined;
  return text.split('x').map(Number);
}
