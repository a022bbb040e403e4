/** The cases of matmul: one a dtype and shape, one for memory, one for host copies. */
import { partFor } from '../../plan/catalogue/parts.ts';
import type { Parameters } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Case } from '../model.ts';
import { libraryFor, libraryParameter } from '../payloads.ts';
import { matmulGives, type What } from './gives.ts';
import type { Dtype, Options, Shape } from './options.ts';
import { shapeName } from './shape.ts';

/** What start-up costs before anything is measured, s: Python, torch or JAX, contexts, compilation. */
const START = { cpu: 3, gpu: 15, tpu: 40 } as const;
/** Buffers of the memory copy, bytes: source and copy fit the smallest part of a kind. */
const MEMORY = { cpu: 2 ** 28, gpu: 2 ** 33, tpu: 2 ** 31 } as const;

/**
 * @param nodes with accelerators; a node that shows none of the fleet's kind is still asked
 */
export function matmulCases(options: Options, nodes: readonly Node[]): readonly Case[] {
  const library = libraryFor('matmul', options.library, nodes);
  const example =
    nodes.find(({ accelerators: [first] }) => first !== undefined && first.kind !== 'cpu') ??
    nodes[0];
  const accelerators = example?.accelerators ?? [];
  const kind = accelerators[0]?.kind;
  if (kind === undefined) return [];
  const part = partFor(accelerators.map((one) => one.model));
  const dtypes = options.dtypes === 'auto' ? usual(kind, part?.peaks) : options.dtypes;
  const shapes: readonly Shape[] =
    options.shapes === 'auto' ? [kind === 'cpu' ? 512 : 8192] : options.shapes;
  const names = [...shapes.map(shapeName), ...(options.search.length > 0 ? ['search'] : [])];
  const size = options['memory-bytes'];
  const memory = size === 'auto' ? MEMORY[kind] : size;
  const most = Math.max(...nodes.map((node) => node.accelerators.length));
  const window = kind === 'cpu' ? 2 : options.settle / 2 + options.window;
  const one = (what: What, parameters: Parameters, seconds: number) => {
    const times = parameters['devices'] === 'one' ? most : 1;
    const all = { ...parameters, ...libraryParameter(library) };
    return matmulCase(what, all, START[kind] + times * seconds);
  };
  return [
    ...dtypes.flatMap((dtype) =>
      names.flatMap((shape) =>
        options.devices.map((devices) => one('gemm', { dtype, shape, devices }, window + 2)),
      ),
    ),
    ...(options.soak > 0
      ? [one('soak', soaked(dtypes, shapes), options.soak + options.settle / 2)]
      : []),
    ...options.devices.map((devices) => one('memory', { bytes: memory, devices }, window)),
    ...(kind !== 'gpu'
      ? []
      : [one('transfer', { bytes: options['transfer-bytes'], devices: 'one' }, 2 * window)]),
  ];
}

type Kind = keyof typeof START;

function usual(kind: Kind, peaks: Readonly<Record<string, unknown>> = {}): Dtype[] {
  if (kind === 'cpu') return ['fp32'];
  if (kind === 'tpu') {
    return ['bf16' as const, ...(['fp8', 'int8'] as const).filter((one) => one in peaks)];
  }
  return 'bf16' in peaks && !('fp8' in peaks) ? ['bf16'] : ['bf16', 'fp8'];
}

/** The first dtype and shape stand for the load. */
function soaked(dtypes: readonly Dtype[], shapes: readonly Shape[]): Parameters {
  const [dtype = 'bf16'] = dtypes;
  const [shape = 8192] = shapes;
  return { dtype, shape: shapeName(shape), devices: 'all' };
}

function matmulCase(what: What, parameters: Parameters, expected: number): Case {
  const id = ['matmul', what, ...Object.values(parameters)].join('.');
  const gives = matmulGives(what, parameters);
  return { id, suite: 'matmul', parameters, scope: 'node', gives, expected };
}
