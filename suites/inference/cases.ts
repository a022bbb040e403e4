/** The one case of offline inference. */
import type { Parameters } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Case } from '../model.ts';
import type { Options } from './options.ts';
import { libraryParameter } from '../payloads.ts';
import { settingFor } from './setting.ts';

/** @param nodes with accelerators */
export function inferenceCases(options: Options, nodes: readonly Node[]): readonly Case[] {
  const setting = settingFor(options, nodes);
  if (setting === undefined) return [];
  const { model, dtype, tp, context, generate, batch, prefillBatch, kind, library } = setting;
  const parameters = {
    model: model.name,
    dtype,
    tp,
    context,
    generate,
    batch,
    'prefill-batch': prefillBatch,
    ...libraryParameter(library),
  };
  const cost =
    kind === 'cpu' ? (library === 'jax' ? 12 : 6) : 45 + options.settle + 2 * options.window;
  return [
    {
      id: `inference.offline.${model.name}.${dtype}.tp${tp}.${context}x${batch}${library === 'jax' ? '.jax' : ''}`,
      suite: 'inference',
      parameters,
      scope: 'node',
      gives: inferenceGives(parameters),
      expected: cost,
    },
  ];
}

/** @param parameters the case's own */
export function inferenceGives(parameters: Parameters): Case['gives'] {
  const { model = '', dtype = '', tp = 1, context = 0, batch = 0 } = parameters;
  const library = libraryParameter(parameters['library'] === 'jax' ? 'jax' : 'torch');
  const common = { model, dtype, tp, context, ...library };
  const prefill = parameters['prefill-batch'] ?? 0;
  const per = 'accelerator';
  return [
    { metric: 'inference.prefill.throughput', per, parameters: { ...common, batch: prefill } },
    { metric: 'inference.decode.throughput', per, parameters: { ...common, batch } },
    { metric: 'inference.first-token.time', per, parameters: { ...common, batch: 1 } },
    {
      metric: 'inference.logits.correct',
      per,
      parameters: { ...common, batch },
      as: 'check',
    },
    {
      metric: 'inference.tokens.digest',
      per,
      parameters: { ...common, batch },
      as: 'digest',
    },
  ];
}
