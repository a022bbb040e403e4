/** Compute, memory and copies: what one node's devices reach, and whether their results are right. */
import type { Parameters } from '../../plan/model.ts';
import type { PlacedStep } from '../../runners/model.ts';
import type { Case, Suite } from '../model.ts';
import { sessionReader } from '../session-reader.ts';
import { simulateSession } from '../session-simulate.ts';
import { matmulCases } from './cases.ts';
import { matmulCeiling } from './ceiling.ts';
import { matmulGives, whatOf } from './gives.ts';
import { checks, metrics } from './metrics.ts';
import type { Options } from './options.ts';
import { matmulSteps } from './steps.ts';

/** @param options the plan's block with its defaults */
export function matmul(options: Options): Suite {
  return {
    id: 'matmul',
    metrics,
    checks,
    cases: (nodes) => matmulCases(options, nodes),
    steps: (of, nodes) => matmulSteps(of, options, nodes),
    reader: (context) => sessionReader(context),
    ceiling: (metric, parameters, sku) => matmulCeiling(metric, parameters, sku),
    simulate: (step, node) => simulateSession(givesOf(step), node, options.seed),
  };
}

/** By the parameters of their case: a large fleet simulates each case thousands of times. */
const gives = new WeakMap<Parameters, Case['gives']>();

function givesOf({ case: id, parameters }: PlacedStep): Case['gives'] {
  const known = gives.get(parameters) ?? matmulGives(whatOf(id), parameters);
  gives.set(parameters, known);
  return known;
}
