/** The roofline of a criterion: datasheet, scale-up link, or network. */
import { networkRoofline } from '../../plan/catalogue/roofline.ts';
import type { Collective, NetworkShape } from '../../plan/catalogue/roofline.ts';
import type { Criterion, Parameters, Part } from '../../plan/model.ts';
import { onCriterion } from './given.ts';
import type { Ceiling, Setting } from './model.ts';
import { nodesPerDomain } from './planned-nodes.ts';

const COLLECTIVES: ReadonlySet<string> = new Set([
  'all_reduce',
  'all_gather',
  'reduce_scatter',
  'alltoall',
  'broadcast',
  'reduce',
  'gather',
  'scatter',
  'sendrecv',
] satisfies Collective[]);

/** Undefined where neither the catalogue nor the suite knows one. */
export function ceilingOf(criterion: Criterion, setting: Setting): Ceiling | undefined {
  const [, collective = '', quantity] = criterion.metric.split('.');
  // Chips in a torus have no network of this form: the suite knows their links.
  const switched = setting.part !== undefined && setting.part.torus === undefined;
  if (switched && quantity === 'busbw' && COLLECTIVES.has(collective)) {
    return networkCeiling(criterion, collective as Collective, setting.part, setting);
  }
  const suite = setting.suites.find(({ metrics }) =>
    metrics.some((metric) => metric.id === criterion.metric),
  );
  const highest = suite?.ceiling(
    criterion.metric,
    parametersOf(criterion, setting),
    setting.plan.delivery.sku,
    nodesOf(criterion, setting),
  );
  return highest && { highest };
}

function networkCeiling(
  criterion: Criterion,
  collective: Collective,
  part: Part,
  setting: Setting,
): Ceiling | undefined {
  const parameters = parametersOf(criterion, setting);
  const nodes = nodesOf(criterion, setting);
  // One rank a node shares the NICs with the node's other rails.
  const rail = parameters['scope'] === 'rail';
  const perNode = rail ? 1 : setting.plan.delivery.acceleratorsPerNode;
  const share = rail ? setting.plan.delivery.acceleratorsPerNode : 1;
  // Unknown MNNVL state: the more generous reading, one domain as far as the rack goes.
  const perDomain = rail || parameters['mnnvl'] === false ? 1 : nodesPerDomain(setting.plan);
  const domains = Math.ceil(nodes / perDomain);
  const inDomain = Math.min(nodes, perDomain);
  const rates = part.machines
    .filter(fitsProvider(part, setting.plan.delivery.provider))
    .map(({ nics, rate }) => nics * rate.value);
  const shape: NetworkShape = {
    collective,
    domains,
    perDomain: inDomain * perNode,
    ...(rates.length > 0 && { nicBytesPerSecond: (Math.max(...rates) * inDomain) / share }),
    ...(!rail && part.scaleUp !== undefined && { scaleUp: part.scaleUp.value }),
    sharp: parameters['sharp'] === true || /SHARP/u.test(named(criterion)),
  };
  const wire = networkRoofline(shape);
  const nvls = parameters['nvls'] !== false && part.title.startsWith('NVIDIA');
  const highest = nvls ? networkRoofline({ ...shape, nvls }) : wire;
  return highest && { highest, ...(wire !== undefined && { wire }) };
}

/** Text in which a criterion may name what reduces: NVLink SHARP is NVLS, so it is taken out first. */
function named(criterion: Criterion): string {
  return `${criterion.id} ${criterion.limit.source}`.replaceAll(/NVLink SHARP/giu, 'NVLS');
}

/** Whether a criterion says that NVLS is in use. */
export function namesNvls(criterion: Criterion): boolean {
  return criterion.where['nvls'] === true || /NVLS/iu.test(named(criterion));
}

function fitsProvider(part: Part, provider: string) {
  const known = part.machines.some((machine) => machine.provider === provider);
  return (machine: Part['machines'][number]) => !known || machine.provider === provider;
}

function parametersOf(criterion: Criterion, setting: Setting): Parameters {
  const [met] = onCriterion(criterion, setting.cases);
  return { ...(met && { ...met.of.parameters, ...met.gives.parameters }), ...criterion.where };
}

/** Nodes of one trial of the criterion: by its scope, its ranks, or else its kind of subject. */
function nodesOf(criterion: Criterion, setting: Setting): number {
  const { plan, nodes, cases } = setting;
  const said = criterion.where['nodes'];
  if (typeof said === 'number') return said;
  const ranks = criterion.where['ranks'];
  if (typeof ranks === 'number') return Math.ceil(ranks / plan.delivery.acceleratorsPerNode);
  const all = plan.delivery.count ?? nodes.length;
  const [met] = onCriterion(criterion, cases);
  switch (String(criterion.where['scope'] ?? met?.of.scope ?? criterion.per)) {
    case 'pair':
    case 'rail':
    case 'link':
      return 2;
    case 'domain':
    case 'group':
      return Math.max(2, largestDomain(setting));
    case 'lot':
      return all;
    default:
      return 1;
  }
}

function largestDomain({ nodes }: Setting): number {
  const sizes = new Map<string, number>();
  for (const { kind, id } of nodes.flatMap((node) => node.domains)) {
    sizes.set(`${kind} ${id}`, (sizes.get(`${kind} ${id}`) ?? 0) + 1);
  }
  return Math.max(0, ...sizes.values());
}
