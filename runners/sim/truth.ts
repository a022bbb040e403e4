/** The truth of one node in one attempt: what it measures, with its faults; the decision never sees it. */
import type { Parameters, Part } from '../../plan/model.ts';
import type { Accelerator, Node, SimulatedNode } from '../model.ts';
import { baseValue, lowerIsBetter } from './base.ts';
import { shows, type FaultMap, type Moment } from './faults.ts';
import { noise, type Noise } from './noise.ts';
import type { Fault, SimOptions } from './options.ts';

/** What all nodes of a simulated fleet share. */
export interface World {
  readonly options: SimOptions;
  readonly part: Part | undefined;
  readonly faults: FaultMap;
  /** Between parts, between trials, faults. */
  readonly parts: Noise;
  readonly trials: Noise;
  readonly chances: Noise;
}

export function world(
  options: SimOptions,
  part: Part | undefined,
  faults: FaultMap,
  seed: number,
): World {
  return {
    options,
    part,
    faults,
    parts: noise(options.truth.seed ?? seed, 'parts'),
    trials: noise(seed, 'trials'),
    chances: noise(seed, 'faults'),
  };
}

/** Share of its speed that a part with this fault loses, where the plan does not say. */
const LOSS: Partial<Record<Fault['kind'], number>> = {
  slow: 0.1,
  'slow-lot': 0.1,
  thermal: 0.15,
  'bad-link': 0.5,
  'bad-leaf': 0.3,
  'slow-network': 0.15,
  'nic-half-width': 0.5,
  'noisy-neighbour': 0.2,
};

/**
 * @param node as it truly is
 * @param nodes ids of all nodes of the process's step: a bad link is slow only between its two ends
 */
export function simulatedNode(
  world: World,
  node: Node,
  nodes: readonly string[],
  moment: Moment,
): SimulatedNode {
  const { options, part, chances } = world;
  const active = (world.faults.get(node.id) ?? []).filter((fault) =>
    shows(fault, node.id, moment, chances),
  );
  let drawn = 0;
  let draws: Noise | undefined;
  // Inventory and telemetry ask for none.
  const own = () => (draws ??= world.trials.under(`${moment.measured}|${node.id}|`));
  return {
    node,
    value(metric, parameters, accelerator) {
      if (metric.startsWith('inventory.')) return inventory(metric, options, part, active);
      if (metric.startsWith('companion.')) return telemetry(metric, part, active, accelerator);
      const base = baseValue(metric, parameters, options, part, node.accelerators.length);
      if (base === undefined) return undefined;
      const off = spread(world, own(), node, metric, parameters, accelerator);
      let speed = Math.exp(off - options.truth.drift * moment.ordinal);
      for (const fault of active) {
        if (!concerns(fault, metric, accelerator)) continue;
        if (fault.kind === 'missing-metric') return undefined;
        if (slows(fault, metric, parameters, nodes, world.faults))
          speed *= 1 - (fault.by ?? LOSS[fault.kind] ?? 0);
      }
      return lowerIsBetter(metric) ? base / speed : base * speed;
    },
    faulty: (kind, accelerator) =>
      active.some((fault) => fault.kind === kind && at(fault, accelerator)),
    random() {
      drawn += 1;
      return own().uniform(`free|${drawn}`);
    },
  };
}

/**
 * ln of the part's and the trial's deviation from a good part.
 *
 * @param draws of this trial on this node
 */
function spread(
  { options: { truth }, parts }: World,
  draws: Noise,
  node: Node,
  metric: string,
  parameters: Parameters,
  accelerator: Accelerator | undefined,
): number {
  const own = truth.metrics[metric];
  const tails = own?.tails ?? truth.tails;
  const between = own?.between ?? truth.between;
  const within = own?.within ?? truth.within;
  // A part is good or bad at a kind of work, not at one size of it.
  const kind = `${metric.replace(/\.(?:algbw|busbw|time)$/u, '')}|${parameters['dtype'] ?? ''}`;
  const size = `${parameters['bytes'] ?? parameters['shape'] ?? ''}|${parameters['mode'] ?? ''}`;
  const shared = truth.correlation;
  let sum = 0;
  if (between > 0) {
    // The machine's own, whatever its host is called.
    const part = parts.under(`${node.fabricAddress}|${accelerator?.index ?? 'node'}|`);
    const common = shared > 0 ? part.standard('all', 'normal') : 0;
    const alone = part.standard(kind, 'normal');
    sum += between * (Math.sqrt(shared) * common + Math.sqrt(1 - shared) * alone);
  }
  for (const domain of node.domains) {
    const effect = domain.kind === 'rack' ? truth.rack : domain.kind === 'leaf' ? truth.leaf : 0;
    if (effect > 0) sum += effect * parts.standard(`${domain.kind}|${domain.id}|${kind}`, 'normal');
  }
  if (within > 0) {
    const rail = parameters['rail'] === undefined ? '' : `|rail${String(parameters['rail'])}`;
    sum += within * draws.standard(`${accelerator?.index ?? ''}|${kind}|${size}${rail}`, tails);
  }
  return sum;
}

function at(fault: Fault, accelerator: Accelerator | undefined): boolean {
  return (
    fault.accelerator === undefined ||
    accelerator === undefined ||
    accelerator.index === fault.accelerator
  );
}

function concerns(fault: Fault, metric: string, accelerator: Accelerator | undefined): boolean {
  return at(fault, accelerator) && (fault.metric === undefined || metric.startsWith(fault.metric));
}

function slows(
  fault: Fault,
  metric: string,
  parameters: Parameters,
  nodes: readonly string[],
  faults: FaultMap,
): boolean {
  const collective = metric.startsWith('nccl.');
  const { kind } = fault;
  if (kind === 'slow' || kind === 'slow-lot' || kind === 'noisy-neighbour') return true;
  if (kind === 'thermal') return heats(metric, parameters);
  if (!collective || nodes.length < 2) return false;
  // Traffic that stays below the leaf never meets its uplinks.
  if (kind === 'bad-leaf') return !nodes.every((node) => faults.get(node)?.includes(fault));
  if (kind === 'bad-link') return (fault.nodes ?? []).every((node) => nodes.includes(node));
  if (kind !== 'nic-half-width' && kind !== 'slow-network') return false;
  // What takes all NICs at once is as slow as the slowest.
  const rail = parameters['rail'];
  return fault.rail === undefined || rail === undefined || rail === fault.rail;
}

/** Lower clocks cost arithmetic, not copies; a burst after idling is over before the part is hot. */
function heats(metric: string, parameters: Parameters): boolean {
  const arithmetic = /^(?:matmul\.(?:gemm|soak)|inference)\./u.test(metric);
  return arithmetic && parameters['mode'] !== 'boost';
}

/** What inventory's `simulate` asks for. */
function inventory(
  metric: string,
  options: SimOptions,
  part: Part | undefined,
  active: readonly Fault[],
): number | undefined {
  const has = (kind: Fault['kind']) => active.some((fault) => fault.kind === kind);
  switch (metric) {
    case 'inventory.on-bus':
      return part?.kind === 'cpu' ? 0 : (options.accelerators ?? part?.perNode);
    case 'inventory.nics':
      return options.nics;
    case 'inventory.nic-rate':
      return options['nic-rate'];
    case 'inventory.nics-bad':
      return has('nic-half-width') ? 1 : 0;
    case 'inventory.power':
      return part?.power?.value;
    default:
      return undefined;
  }
}

const HOT = { temperature: 91, throttle: 0x48, clock: 1.2e9 };
const COOL = { temperature: 62, throttle: 0x4, clock: 1.755e9 };

/** What the companion's `simulate` asks for. */
function telemetry(
  metric: string,
  part: Part | undefined,
  active: readonly Fault[],
  accelerator: Accelerator | undefined,
): number | undefined {
  const has = (kind: Fault['kind']) =>
    active.some((fault) => fault.kind === kind && at(fault, accelerator));
  const state = has('thermal') ? HOT : COOL;
  switch (metric) {
    case 'companion.temperature':
      return state.temperature;
    case 'companion.throttle':
      return state.throttle;
    case 'companion.sm-clock':
      return state.clock;
    case 'companion.power':
      return part?.power?.value;
    case 'companion.cpu-steal':
      return has('noisy-neighbour') ? 0.2 : 0;
    case 'companion.link-down':
      return has('bad-link') ? 2 : 0;
    default:
      return undefined;
  }
}
