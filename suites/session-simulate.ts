/** What a payload would print on a node with given true values: the counterpart of session-reader.ts. */
import { createHash } from 'node:crypto';
import { parametersKey } from '../plan/subject.ts';
import type { Accelerator, SimulatedNode } from '../runners/model.ts';
import type { Case } from './model.ts';

/**
 * The lines of one node's session, each with its end. A value that the node does not give is not said.
 *
 * @param gives of the case, with the parameters of each
 * @param seed of the payload's inputs: equal seeds and parts, equal digests
 */
export function* simulateSession(
  gives: Case['gives'],
  node: SimulatedNode,
  seed: number,
): Iterable<string> {
  const { accelerators } = node.node;
  yield line({ kind: 'fact', name: 'torch', value: 'simulated' });
  yield line({ kind: 'fact', name: 'seed', value: String(seed) });
  for (const { index, model } of accelerators) {
    yield line({ kind: 'fact', name: `device.${index}`, value: model });
  }
  const begun = Math.round(1e9 + node.random() * 1e6);
  for (const give of gives) {
    const subjects = give.per === 'accelerator' ? accelerators : [undefined];
    for (const accelerator of subjects) {
      const said = value(give, node, seed, accelerator);
      if (said === undefined) continue;
      const where = accelerator === undefined ? {} : { accelerator: accelerator.index };
      const window = { window: [begun, begun + 10] };
      yield line({ ...where, ...said, ...(said.kind === 'sample' && window) });
    }
  }
  yield line({ kind: 'done', ok: true });
}

function value(
  give: Case['gives'][number],
  node: SimulatedNode,
  seed: number,
  accelerator: Accelerator | undefined,
) {
  const parameters = give.parameters ?? {};
  switch (give.as ?? 'sample') {
    case 'sample': {
      const measured = node.value(give.metric, parameters, accelerator);
      if (measured === undefined) return undefined;
      const iterations = { n: 8, min: measured, median: measured, max: measured };
      return {
        kind: 'sample',
        metric: give.metric,
        parameters,
        value: measured,
        iterations,
      } as const;
    }
    case 'check': {
      const wrong = node.faulty('wrong-result', accelerator);
      const detail = wrong ? 'simulated: the result is wrong' : 'simulated: the result is right';
      return { kind: 'check', name: give.metric, parameters, ok: !wrong, detail } as const;
    }
    case 'digest': {
      const flipped = node.faulty('flipped-digest', accelerator) ? 'flipped' : '';
      const model = accelerator?.model ?? '';
      const digest = createHash('sha256')
        .update([give.metric, parametersKey(parameters), model, seed, flipped].join('\n'))
        .digest('hex');
      return { kind: 'check', name: give.metric, parameters, digest } as const;
    }
  }
}

function line(fields: object): string {
  return `${JSON.stringify({ assay: 1, ...fields })}\n`;
}
