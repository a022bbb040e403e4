/** The companion: a step added to every trial; it watches and claims nothing. */
import { fileURLToPath } from 'node:url';
import type { Parameters } from '../../plan/model.ts';
import type { Node, PlacedStep, SimulatedNode, Step } from '../../runners/model.ts';
import type { Metric, Reader, ReaderContext } from '../model.ts';
import { metrics } from './metrics.ts';
import { companionReader } from './reader.ts';
import { simulateCompanion } from './simulate.ts';

export interface CompanionOptions {
  /** Seconds between two looks; default 1. */
  readonly interval?: number;
  /** Seconds that a trial may take at most; the companion ends itself past it. Default 86,400. */
  readonly limit?: number;
}

/** What a campaign adds to trials. */
export interface Companion {
  readonly id: 'companion';
  readonly metrics: readonly Metric[];
  readonly checks: readonly string[];
  /** One process on each of the nodes, for one trial of `of`. */
  steps(
    of: { readonly id: string; readonly parameters: Parameters },
    nodes: readonly Pick<Node, 'id'>[],
  ): readonly Step[];
  reader(context: Pick<ReaderContext, 'nodes'>): Reader;
  simulate(
    step: PlacedStep,
    node: SimulatedNode,
    others: readonly SimulatedNode[],
  ): Iterable<string>;
}

const payload = fileURLToPath(new URL('payload/companion.py', import.meta.url));

/** @param of the case that is watched; absent: no case in particular */
export function companionStep(
  nodes: readonly Pick<Node, 'id'>[],
  options: CompanionOptions = {},
  of: { readonly id: string; readonly parameters: Parameters } = {
    id: 'companion',
    parameters: {},
  },
): Step {
  const { interval = 1, limit = 86_400 } = options;
  return {
    suite: 'companion',
    case: of.id,
    parameters: of.parameters,
    on: 'each-node',
    nodes: nodes.map((node) => node.id),
    role: 'companion',
    argv: [{ payload }, '--interval', String(interval), '--seconds', String(limit)],
    environment: {},
    limit: limit + 60,
  };
}

function createCompanion(options: CompanionOptions = {}): Companion {
  return {
    id: 'companion',
    metrics,
    checks: [],
    steps: (of, nodes) => [companionStep(nodes, options, of)],
    reader: companionReader,
    simulate: simulateCompanion,
  };
}

/** With its defaults. */
export const companion: Companion = createCompanion();
