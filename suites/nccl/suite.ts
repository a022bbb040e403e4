/** nccl: collective communication in a node, between two, in a domain, over the lot. */
import type { Suite } from '../model.ts';
import { cases } from './cases.ts';
import { ceiling } from './ceiling.ts';
import { knobReader } from './knob-reader.ts';
import { isKnob } from './knobs.ts';
import { checks, metrics } from './metrics.ts';
import type { Options } from './options.ts';
import { nativeReader } from './native-reader.ts';
import { torchReader } from './reader.ts';
import { simulate } from './simulate.ts';
import { steps } from './steps.ts';
import { isProof } from './transport/proof.ts';
import { proofReader } from './transport/reader.ts';

/** The suite with one plan's options. */
export function nccl(options: Options): Suite {
  return {
    id: 'nccl',
    metrics,
    checks,
    cases: (nodes) => cases(options, nodes),
    steps: (of, nodes) => steps(options, of, nodes),
    reader(context) {
      if (isProof(context.case)) return proofReader(context);
      if (isKnob(context.case)) return knobReader(context);
      return options.driver === 'torch' ? torchReader(context) : nativeReader(context);
    },
    ceiling,
    simulate,
  };
}
