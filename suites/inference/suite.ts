/** Inference: what a node's devices make of a transformer, and whether its tokens are right. */
import type { Parameters } from '../../plan/model.ts';
import type { Case, Suite } from '../model.ts';
import { sessionReader } from '../session-reader.ts';
import { simulateSession } from '../session-simulate.ts';
import { inferenceCases, inferenceGives } from './cases.ts';
import { inferenceCeiling } from './ceiling.ts';
import { checks, metrics } from './metrics.ts';
import type { Options } from './options.ts';
import { servingCases } from './serving-cases.ts';
import type { Serving } from './serving-options.ts';
import { servingReader } from './serving-reader.ts';
import { simulateServing } from './serving-simulate.ts';
import { servingSteps } from './serving-steps.ts';
import { inferenceSteps } from './steps.ts';

/** @param options the plan's block with its defaults */
export function inference(options: Options): Suite {
  const own = typeof options.model === 'object' ? options.model : undefined;
  const { mode, serving } = options;
  if (mode !== 'offline' && serving !== undefined) return loaded(mode, { ...options, serving });
  return {
    id: 'inference',
    metrics,
    checks,
    cases: (nodes) => inferenceCases(options, nodes),
    steps: (of, nodes) => inferenceSteps(of, options, nodes),
    reader: (context) => sessionReader(context),
    ceiling: (metric, parameters, sku) => inferenceCeiling(metric, parameters, sku, own),
    simulate: (step, node) => simulateSession(givesOf(step.parameters), node, options.seed),
  };
}

/** By the parameters of their case: a large fleet simulates it thousands of times. */
const gives = new WeakMap<Parameters, Case['gives']>();

function givesOf(parameters: Parameters): Case['gives'] {
  const known = gives.get(parameters) ?? inferenceGives(parameters);
  gives.set(parameters, known);
  return known;
}

/** A server under load: `server` starts it, `endpoint` finds it running. */
function loaded(
  mode: 'server' | 'endpoint',
  options: Options & { readonly serving: Serving },
): Suite {
  const { serving } = options;
  return {
    id: 'inference',
    metrics,
    checks,
    cases: (nodes) => servingCases(mode, serving, nodes),
    steps: (of, nodes) => servingSteps(of, options, nodes),
    reader: (context) => servingReader(serving, context),
    ceiling: () => undefined,
    simulate: (step, node) => simulateServing(serving, step, node),
  };
}
