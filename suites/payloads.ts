/** Starting a payload under suites/payload/devices.py or chips.py, which load all devices of a node. */
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../plan/errors.ts';
import type { Node, Step } from '../runners/model.ts';

/** Cores that a reference device uses at most: its figures should not hang on how many it has. */
const MOST_THREADS = 16;

/** Threads of a GPU's own process: it launches, checks and hashes. */
const GPU_THREADS = 4;

/** What runs a payload: torch on GPUs and CPUs, JAX on TPUs and CPUs. */
export type Library = 'torch' | 'jax';

/** The key `library` of a suite's block: its values, and what help says of them. */
export const LIBRARIES = ['auto', 'torch', 'jax'] as const;
export const ABOUT_LIBRARY =
  'auto: jax on TPUs, torch elsewhere; jax runs on a CPU too, as a reference device';

/** A payload's own file in either library; the file for torch holds the method that both share. */
export type Work = Readonly<Record<Library, URL>>;

/** Parameters of a case that JAX runs: its figures and torch's are never pooled. */
export function libraryParameter(library: Library): { readonly library?: 'jax' } {
  return library === 'jax' ? { library } : {};
}

/**
 * What a suite's payloads run on, for a whole fleet: one library, or its figures would be two cohorts.
 *
 * @param suite as the plan names it
 * @throws {HarnessError} PLAN_INVALID where the devices and the library don't go together: torch would load
 *   a TPU host's CPU, and its figures would be filed under the chips
 */
export function libraryFor(
  suite: string,
  wanted: Library | 'auto',
  nodes: readonly Node[],
): Library {
  const having = (kind: 'tpu' | 'gpu') =>
    nodes.find((node) => node.accelerators.some((one) => one.kind === kind));
  const [tpu, gpu] = [having('tpu'), having('gpu')];
  const refuse = (node: Node, message: string, hint: string): never => {
    const details = { suite, node: node.id };
    throw new HarnessError('PLAN_INVALID', `suite ${suite}: ${message}`, { hint, details });
  };
  if (tpu !== undefined && gpu !== undefined) {
    const both = `${tpu.id} has TPUs and ${gpu.id} has GPUs`;
    return refuse(tpu, both, 'Write a plan for each kind: their figures are not one cohort.');
  }
  if (tpu !== undefined && wanted === 'torch') {
    return refuse(tpu, `torch loads no TPU (${tpu.id})`, 'Leave out library, or say jax.');
  }
  if (gpu !== undefined && wanted === 'jax') {
    const none = `its JAX payload is for TPUs and reference devices, not for GPUs (${gpu.id})`;
    return refuse(gpu, none, 'Leave out library, or say torch.');
  }
  return tpu !== undefined || wanted === 'jax' ? 'jax' : 'torch';
}

/** Chips of a host → how they lie. */
const BOUNDS: Readonly<Record<number, string>> = { 1: '1,1,1', 2: '1,2,1', 4: '2,2,1', 8: '2,4,1' };

/**
 * What JAX and libtpu read when they start. Its platform is named: a host without a usable chip would else
 * quietly become a CPU.
 *
 * @param devices that the process shall see: all chips, or as many reference devices
 * @param alone the process uses this host by itself, also where that is one of a larger slice
 */
export function jaxEnvironment(
  node: Node,
  devices: number,
  alone: boolean,
): Readonly<Record<string, string>> {
  const [first] = node.accelerators;
  if (first?.kind !== 'tpu') {
    return {
      JAX_PLATFORMS: 'cpu',
      XLA_FLAGS: `--xla_force_host_platform_device_count=${devices}`,
      NPROC: String(Math.min(first?.cores ?? 1, MOST_THREADS)),
    };
  }
  const chips = node.accelerators.length;
  const bounds = BOUNDS[chips];
  return {
    JAX_PLATFORMS: 'tpu',
    ...(alone &&
      bounds !== undefined && {
        TPU_PROCESS_BOUNDS: '1,1,1',
        TPU_CHIPS_PER_PROCESS_BOUNDS: bounds,
        TPU_VISIBLE_CHIPS: node.accelerators.map((_, index) => index).join(','),
      }),
  };
}

const frame = (name: string) => ({
  payload: fileURLToPath(new URL(`payload/${name}.py`, import.meta.url)),
});

/**
 * What starts a payload on each device of a node, in step.
 *
 * @param work the payload, files beside the module that asks: `new URL('payload/gemm.py', import.meta.url)`
 * @param library of `libraryFor`
 * @param node whose accelerators are loaded
 * @param load all at once, or one after the other
 * @param own the payload's own arguments
 */
export function onEveryDevice(
  work: Work,
  library: Library,
  node: Node,
  load: 'all' | 'one',
  own: readonly string[],
): Pick<Step, 'argv' | 'environment'> {
  const [first] = node.accelerators;
  const kind = first?.kind ?? 'cpu';
  const torch = { payload: fileURLToPath(work.torch) };
  const threads = kind === 'cpu' ? Math.min(first?.cores ?? 1, MOST_THREADS) : GPU_THREADS;
  const shared = [
    '--kind',
    kind,
    '--devices',
    String(node.accelerators.length),
    '--threads',
    String(threads),
    '--load',
    load,
    ...own,
  ];
  if (library === 'jax') {
    const cores = kind === 'tpu' ? (first?.cores ?? 1) : 1;
    const program = { payload: fileURLToPath(work.jax) };
    const files = [frame('devices'), program, torch];
    return {
      argv: [frame('chips'), ...files, ...shared, '--cores', String(cores)],
      environment: jaxEnvironment(node, node.accelerators.length, true),
    };
  }
  return {
    argv: [frame('devices'), torch, ...shared],
    // Threads that spin for work cost a busy machine half its speed (measured: 17 s against 8 s).
    environment: kind === 'cpu' ? { OMP_WAIT_POLICY: 'passive' } : {},
  };
}
