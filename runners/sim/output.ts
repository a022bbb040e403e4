/** A simulated process's bytes, in chunks, and the faults that are in bytes alone. */
import type { PlacedStep, Simulate, SimulatedNode } from '../model.ts';
import type { Fault } from './options.ts';

const CHUNK = 64 * 1024;
/** How much faster a forger says that it is. */
const BOAST = 1.5;

export interface Output {
  program(): Iterable<string>;
  readonly active: readonly Fault[];
}

/** @param simulate for the second session of a node that forges its output */
export function* bytesOf(
  output: Output,
  step: PlacedStep,
  node: SimulatedNode,
  others: readonly SimulatedNode[],
  simulate: Simulate,
): Iterable<Uint8Array> {
  const has = (kind: Fault['kind']) => output.active.some((fault) => fault.kind === kind);
  // Inventory and telemetry stay whole: a node is found out by what it claims to have measured.
  const measured = step.suite !== 'inventory' && step.role !== 'companion';
  let text = output.program();
  if (measured && (has('crash') || has('truncated'))) text = firstHalf(text);
  if (measured && has('forged-output')) text = both(simulate(step, boaster(node), others), text);
  yield* chunks(text);
}

/** The node as it would like to be seen. */
function boaster(node: SimulatedNode): SimulatedNode {
  return {
    ...node,
    value: (metric, parameters, accelerator) => {
      const value = node.value(metric, parameters, accelerator);
      return value === undefined ? undefined : value * BOAST;
    },
    faulty: () => false,
  };
}

function* both(first: Iterable<string>, second: Iterable<string>): Iterable<string> {
  yield* first;
  yield* second;
}

/** Cut in the middle of a line, as a dying process leaves it. */
function* firstHalf(text: Iterable<string>): Iterable<string> {
  const whole = [...text].join('');
  yield whole.slice(0, Math.floor(whole.length / 2));
}

function* chunks(text: Iterable<string>): Iterable<Uint8Array> {
  let held = '';
  for (const piece of text) {
    held += piece;
    if (held.length < CHUNK) continue;
    yield Buffer.from(held);
    held = '';
  }
  if (held !== '') yield Buffer.from(held);
}
