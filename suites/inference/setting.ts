/** One fleet's setting: the options with every `auto` resolved by the devices that are there. */
import type { Node } from '../../runners/model.ts';
import { libraryFor, type Library } from '../payloads.ts';
import { PRESETS, type ModelShape } from './model-shape.ts';
import type { DTYPES, Options } from './options.ts';

/** What is run on each node. */
export interface Setting {
  readonly model: ModelShape;
  readonly dtype: (typeof DTYPES)[number];
  /** Devices that share one replica. */
  readonly tp: number;
  /** Tokens. */
  readonly context: number;
  readonly generate: number;
  /** Sequences. */
  readonly batch: number;
  readonly prefillBatch: number;
  readonly kind: 'cpu' | 'gpu' | 'tpu';
  readonly library: Library;
}

const LARGE = {
  model: 'llm-8b',
  dtype: 'bf16',
  context: 2048,
  generate: 128,
  batch: 64,
  prefillBatch: 8,
} as const;
/** The least part of 16 GB holds its weights and caches. */
const ON_TPU = { ...LARGE, model: 'llm-1b', batch: 32, prefillBatch: 4 } as const;

const USUAL = {
  cpu: { model: 'small', dtype: 'fp32', context: 32, generate: 16, batch: 4, prefillBatch: 2 },
  gpu: LARGE,
  tpu: ON_TPU,
} as const;

/** @returns undefined where no node has a device */
export function settingFor(options: Options, nodes: readonly Node[]): Setting | undefined {
  const library = libraryFor('inference', options.library, nodes);
  const example =
    nodes.find(({ accelerators: [first] }) => first !== undefined && first.kind !== 'cpu') ??
    nodes[0];
  const kind = example?.accelerators[0]?.kind;
  if (example === undefined || kind === undefined) return undefined;
  const usual = USUAL[kind];
  const name = options.model === 'auto' ? usual.model : options.model;
  const spread = name === 'llm-70b' && kind !== 'cpu' ? example.accelerators.length : 1;
  const or = <T>(value: T | 'auto', other: T) => (value === 'auto' ? other : value);
  return {
    model: typeof name === 'string' ? PRESETS[name] : name,
    dtype: or(options.dtype, usual.dtype),
    tp: or(options.tp, spread),
    context: or(options.context, usual.context),
    generate: or(options.generate, usual.generate),
    batch: or(options.batch, usual.batch),
    prefillBatch: or(options['prefill-batch'], usual.prefillBatch),
    kind,
    library,
  };
}
