/** What a payload would print on a node with given true values: the counterpart of session-reader.ts. */
import { createHash } from 'node:crypto';
import { parametersKey } from '../plan/subject.ts';
import type { Accelerator, SimulatedNode } from '../runners/model.ts';
import type { Case } from './model.ts';

type Give = Case['gives'][number];

/**
 * The lines of one node's session, each with its end. A value that the node does not give is not said.
 *
 * @param gives of the case, with the parameters of each; the same list each time costs least
 * @param seed of the payload's inputs: equal seeds and parts, equal digests
 */
export function* simulateSession(
  gives: Case['gives'],
  node: SimulatedNode,
  seed: number,
): Iterable<string> {
  const { accelerators } = node.node;
  yield opening(seed, accelerators);
  const begun = Math.round(1e9 + node.random() * 1e6);
  const window = `"window":[${begun},${begun + 10}]`;
  for (const give of gives) {
    const subjects = give.per === 'accelerator' ? accelerators : [undefined];
    for (const accelerator of subjects) {
      const said = value(give, node, seed, accelerator, window);
      if (said !== undefined) yield said;
    }
  }
  yield DONE;
}

const DONE = line({ kind: 'done', ok: true });

function value(
  give: Give,
  node: SimulatedNode,
  seed: number,
  accelerator: Accelerator | undefined,
  window: string,
): string | undefined {
  switch (give.as ?? 'sample') {
    case 'sample': {
      const measured = node.value(give.metric, give.parameters ?? {}, accelerator);
      if (measured === undefined) return undefined;
      const v = String(measured);
      const head = spelled(give, 'sample', accelerator, () => ({
        kind: 'sample',
        metric: give.metric,
        parameters: give.parameters ?? {},
      }));
      return `${head},"value":${v},"iterations":{"n":8,"min":${v},"median":${v},"max":${v}},${window}}\n`;
    }
    case 'check': {
      const wrong = node.faulty('wrong-result', accelerator);
      const detail = wrong ? 'simulated: the result is wrong' : 'simulated: the result is right';
      const said = () => ({
        kind: 'check',
        name: give.metric,
        parameters: give.parameters ?? {},
        ok: !wrong,
        detail,
      });
      return `${spelled(give, detail, accelerator, said)}}\n`;
    }
    case 'digest': {
      const flipped = node.faulty('flipped-digest', accelerator) ? 'flipped' : '';
      const parameters = give.parameters ?? {};
      const model = accelerator?.model ?? '';
      const said = () => {
        const digest = createHash('sha256')
          .update([give.metric, parametersKey(parameters), model, seed, flipped].join('\n'))
          .digest('hex');
        return { kind: 'check', name: give.metric, parameters, digest };
      };
      return `${spelled(give, `${seed} ${flipped} ${model}`, accelerator, said)}}\n`;
    }
  }
}

/** Give → what is said of it, by accelerator, without the closing brace: the same words in every attempt. */
const spellings = new WeakMap<Give, Map<string, string[]>>();

function spelled(
  give: Give,
  what: string,
  accelerator: Accelerator | undefined,
  said: () => object,
): string {
  let own = spellings.get(give);
  if (own === undefined) spellings.set(give, (own = new Map()));
  let texts = own.get(what);
  if (texts === undefined) own.set(what, (texts = []));
  // The node's own is the first.
  const place = accelerator === undefined ? 0 : accelerator.index + 1;
  let text = texts[place];
  if (text === undefined) {
    const where = accelerator === undefined ? {} : { accelerator: accelerator.index };
    text = line({ ...where, ...said() }).slice(0, -'}\n'.length);
    texts[place] = text;
  }
  return text;
}

/** What a node says of itself, by its models: the same on most nodes. */
const openings = new Map<string, string>();
const MOST_OPENINGS = 1000;

function opening(seed: number, accelerators: readonly Accelerator[]): string {
  let key = String(seed);
  for (const { index, model } of accelerators) key += `\n${index} ${model}`;
  let text = openings.get(key);
  if (text === undefined) {
    text =
      line({ kind: 'fact', name: 'torch', value: 'simulated' }) +
      line({ kind: 'fact', name: 'seed', value: String(seed) });
    for (const { index, model } of accelerators) {
      text += line({ kind: 'fact', name: `device.${index}`, value: model });
    }
    if (openings.size >= MOST_OPENINGS) openings.clear();
    openings.set(key, text);
  }
  return text;
}

function line(fields: object): string {
  return `${JSON.stringify({ assay: 1, ...fields })}\n`;
}
