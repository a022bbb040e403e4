/** The one program of an offline trial. */
import type { Node, Step } from '../../runners/model.ts';
import type { Case } from '../model.ts';
import { onEveryDevice } from '../payloads.ts';
import type { Options } from './options.ts';
import { PRESETS } from './model-shape.ts';

const TRANSFORMER = {
  torch: new URL('payload/transformer.py', import.meta.url),
  jax: new URL('payload/jax-transformer.py', import.meta.url),
};

/** A reference device proves the tool: it is measured in seconds, whatever the plan's windows are. */
const CPU_PACE = ['--settle', '0.5', '--window', '0.5'];

/**
 * @param of a case of `inferenceCases`
 * @param nodes of the trial: one
 */
export function inferenceSteps(
  of: Case,
  options: Options,
  nodes: readonly Node[],
): readonly Step[] {
  const { model: name, dtype, tp, library: wanted, ...sizes } = of.parameters;
  const library = wanted === 'jax' ? 'jax' : 'torch';
  const model =
    typeof options.model === 'object'
      ? options.model
      : Object.values(PRESETS).find((preset) => preset.name === name);
  if (model === undefined) throw new Error(`no model ${String(name)} in these options`);
  const { name: _, ...shape } = model;
  const flags = Object.entries({ ...shape, ...sizes, model: name, dtype, tp, seed: options.seed });
  return nodes.map((node) => {
    const cpu = node.accelerators[0]?.kind === 'cpu';
    const pace = ['--settle', String(options.settle), '--window', String(options.window)];
    return {
      suite: 'inference',
      case: of.id,
      parameters: of.parameters,
      on: 'each-node',
      nodes: [node.id],
      role: 'rank',
      ...onEveryDevice(TRANSFORMER, library, node, 'all', [
        ...flags.flatMap(([flag, value]) => [`--${flag}`, String(value)]),
        ...(cpu ? CPU_PACE : pace),
      ]),
      limit: Math.ceil(of.expected * 3 + 120),
    };
  });
}
