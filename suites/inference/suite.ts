/** Inference: what a node's devices make of a transformer, and whether its tokens are right. */
import type { Suite } from '../model.ts';
import { sessionReader } from '../session-reader.ts';
import { simulateSession } from '../session-simulate.ts';
import { inferenceCases, inferenceGives } from './cases.ts';
import { inferenceCeiling } from './ceiling.ts';
import { checks, metrics } from './metrics.ts';
import type { Options } from './options.ts';
import { inferenceSteps } from './steps.ts';

/** @param options the plan's block with its defaults */
export function inference(options: Options): Suite {
  const own = typeof options.model === 'object' ? options.model : undefined;
  return {
    id: 'inference',
    metrics,
    checks,
    cases: (nodes) => inferenceCases(options, nodes),
    steps: (of, nodes) => inferenceSteps(of, options, nodes),
    reader: (context) => sessionReader(context),
    ceiling: (metric, parameters, sku) => inferenceCeiling(metric, parameters, sku, own),
    simulate: (step, node) => simulateSession(inferenceGives(step.parameters), node, options.seed),
  };
}
