/** Starting a payload under suites/payload/devices.py, which loads all devices of a node. */
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../plan/errors.ts';
import type { Node, Step } from '../runners/model.ts';

/** Cores that a reference device uses at most: its figures should not hang on how many it has. */
const MOST_THREADS = 16;

/** Threads of a GPU's own process: it launches, checks and hashes. */
const GPU_THREADS = 4;

/**
 * Refuses chips that a suite has no payload for: torch would load the host's CPU, and its figures would be
 * filed under the chips.
 *
 * @param suite as the plan names it
 * @throws {HarnessError} PLAN_INVALID when one of the nodes has a TPU
 */
export function refuseTpus(suite: string, nodes: readonly Node[]): void {
  const one = nodes.find((node) => node.accelerators.some(({ kind }) => kind === 'tpu'));
  if (one === undefined) return;
  throw new HarnessError('PLAN_INVALID', `suite ${suite} has no payload for TPUs (${one.id})`, {
    hint: `Leave ${suite} out of the plan's suites for this fleet.`,
    details: { suite, node: one.id },
  });
}

/**
 * What starts a payload on each device of a node, in step.
 *
 * @param work the payload, a file beside the module that asks: `new URL('payload/gemm.py', import.meta.url)`
 * @param node whose accelerators are loaded
 * @param load all at once, or one after the other
 * @param own the payload's own arguments
 */
export function onEveryDevice(
  work: URL,
  node: Node,
  load: 'all' | 'one',
  own: readonly string[],
): Pick<Step, 'argv' | 'environment'> {
  refuseTpus('of torch', [node]);
  const [first] = node.accelerators;
  const cpu = first?.kind !== 'gpu';
  const threads = cpu ? Math.min(first?.cores ?? 1, MOST_THREADS) : GPU_THREADS;
  return {
    argv: [
      { payload: fileURLToPath(new URL('payload/devices.py', import.meta.url)) },
      { payload: fileURLToPath(work) },
      '--kind',
      cpu ? 'cpu' : 'gpu',
      '--devices',
      String(node.accelerators.length),
      '--threads',
      String(threads),
      '--load',
      load,
      ...own,
    ],
    // Threads that spin for work cost a busy machine half its speed (measured: 17 s against 8 s).
    environment: cpu ? { OMP_WAIT_POLICY: 'passive' } : {},
  };
}
