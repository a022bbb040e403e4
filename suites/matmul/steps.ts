/** The one program of a matmul trial. */
import type { Node, Step } from '../../runners/model.ts';
import { onEveryDevice } from '../payloads.ts';
import type { Case } from '../model.ts';
import { whatOf } from './gives.ts';
import type { Options, Shape } from './options.ts';
import { shapeSides } from './shape.ts';

const file = (name: string) => new URL(`payload/${name}.py`, import.meta.url);
const GEMM = { torch: file('gemm'), jax: file('jax-gemm') };
const COPIES = { torch: file('copies'), jax: file('jax-copies') };

/** A reference device proves the tool: it is measured in seconds, whatever the plan's windows are. */
const CPU_PACE = ['--settle', '1', '--window', '0.8'];
const CPU_BURSTS = ['--bursts', '2', '--idle', '0.1'];

/**
 * @param of a case of `matmulCases`
 * @param nodes of the trial: one
 */
export function matmulSteps(of: Case, options: Options, nodes: readonly Node[]): readonly Step[] {
  const copies = 'bytes' in of.parameters;
  const library = of.parameters['library'] === 'jax' ? 'jax' : 'torch';
  return nodes.map((node) => {
    const cpu = node.accelerators[0]?.kind === 'cpu';
    const load = of.parameters['devices'] === 'one' ? 'one' : 'all';
    const pace = ['--settle', String(options.settle), '--window', String(options.window)];
    return {
      suite: 'matmul',
      case: of.id,
      parameters: of.parameters,
      on: 'each-node',
      nodes: [node.id],
      role: 'rank',
      ...onEveryDevice(copies ? COPIES : GEMM, library, node, load, [
        '--seed',
        String(options.seed),
        ...(cpu ? CPU_PACE : pace),
        ...(copies ? copyArguments(of) : productArguments(of, options, cpu)),
      ]),
      limit: Math.ceil(of.expected * 3 + 60),
    };
  });
}

function copyArguments(of: Case): string[] {
  return ['--measure', whatOf(of.id), '--bytes', String(of.parameters['bytes'])];
}

function productArguments(of: Case, options: Options, cpu: boolean): string[] {
  const { dtype, shape } = of.parameters;
  const shapes: readonly (Shape | string)[] =
    shape === 'search' ? options.search : [typeof shape === 'number' ? shape : String(shape)];
  const soak = whatOf(of.id) === 'soak' ? ['--soak', String(options.soak)] : [];
  const bursts = cpu ? CPU_BURSTS : [];
  return ['--dtype', String(dtype), ...bursts, ...soak, '--shapes', ...shapes.map(shapeSides)];
}
