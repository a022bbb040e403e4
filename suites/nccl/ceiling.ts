/** The most that links and NICs let through, for lint. */
import { partById } from '../../plan/catalogue/parts.ts';
import type { Parameters, Part, Sourced } from '../../plan/model.ts';
import { busbwFactor, COLLECTIVES, type Collective } from './collectives.ts';
import { onTorus } from './torus.ts';

/** What joins the domains; a domain is a node, or what one scale-up network spans. */
export interface Network {
  /** Domains that take part, 2 or more. */
  readonly domains: number;
  /** Accelerators of a domain. */
  readonly perDomain: number;
  /** B/s, one direction, all NICs of a domain. */
  readonly rate: number;
}

/**
 * busbw that no network without in-network reduction exceeds: the bytes that must leave or enter one
 * domain, over its rate.
 *
 * @returns B/s; undefined for sendrecv, of whose ring few links cross domains
 * @see FACTS.md C.f
 */
export function networkCeiling(collective: Collective, network: Network): number | undefined {
  const { domains, perDomain, rate } = network;
  const share = (domains / (domains - 1)) * busbwFactor('all_gather', domains * perDomain);
  switch (collective) {
    case 'all_reduce':
    case 'all_gather':
    case 'reduce_scatter':
      return rate * share;
    case 'alltoall':
      return (rate / perDomain) * share;
    case 'broadcast':
      // The root's domain sends each byte out once at least.
      return rate;
    case 'sendrecv':
      return undefined;
  }
}

/**
 * busbw that the scale-up links allow. With NVLS a rank sends an element once and the switch reduces,
 * so that all_reduce exceeds the link by its own factor.
 *
 * @param link B/s, one direction, an accelerator
 */
function scaleUpCeiling(
  collective: Collective,
  link: number,
  ranks: number,
  nvls: boolean,
): number {
  return collective === 'all_reduce' && nvls ? link * busbwFactor('all_reduce', ranks) : link;
}

/** Suite.ceiling: the lower of both, with the formula as its source. */
export function ceiling(
  metric: string,
  parameters: Parameters,
  sku: string,
  nodes: number,
): Sourced<number> | undefined {
  const [, name, figure] = metric.split('.');
  const collective = COLLECTIVES.find((one) => one === name);
  const part = partById(sku);
  if (collective === undefined || part === undefined) return undefined;
  if (figure !== 'busbw' && figure !== 'algbw') return undefined;
  const rail = parameters['scope'] === 'rail';
  const ranks = (rail ? 1 : part.perNode) * nodes;
  if (ranks < 2) return undefined;
  if (part.torus !== undefined) return onTorus(collective, figure, part, ranks, parameters);
  const bounds = rail
    ? [onRail(collective, part)]
    : [scaleUp(collective, part, ranks, parameters), network(collective, part, nodes)];
  const lowest = bounds
    .filter((one) => one !== undefined)
    .reduce<Sourced<number> | undefined>(
      (least, one) => (least === undefined || one.value < least.value ? one : least),
      undefined,
    );
  if (lowest === undefined || figure === 'busbw') return lowest;
  return { ...lowest, value: lowest.value / busbwFactor(collective, ranks) };
}

function scaleUp(collective: Collective, part: Part, ranks: number, parameters: Parameters) {
  if (part.scaleUp === undefined) return undefined;
  const nvls = parameters['nvls'] !== false;
  const value = scaleUpCeiling(collective, part.scaleUp.value, ranks, nvls);
  const reduced = nvls && collective === 'all_reduce' ? ', reduced in the switch (NVLS)' : '';
  return { value, source: `scale-up link${reduced}: ${part.scaleUp.source}` };
}

/** Two ranks, one on each side, that share the NICs of a node with its other rails. */
function onRail(collective: Collective, part: Part) {
  const machines = part.machines.map((one) => ({ ...one, total: one.nics * one.rate.value }));
  const best = machines.sort((a, b) => b.total - a.total)[0];
  if (best === undefined) return undefined;
  const rate = best.total / part.perNode;
  const value = networkCeiling(collective, { domains: 2, perDomain: 1, rate });
  if (value === undefined) return undefined;
  const source = `one rail of ${part.perNode}: ${best.nics} NICs a node (${best.provider} ${best.type}): ${best.rate.source}`;
  return { value, source };
}

/** Over the best machine type known: a lower NIC count is the plan's to say. */
function network(collective: Collective, part: Part, nodes: number): Sourced<number> | undefined {
  const machines = part.machines.map((one) => ({ ...one, total: one.nics * one.rate.value }));
  const best = machines.sort((a, b) => b.total - a.total)[0];
  const nodesPerDomain = Math.max(1, (part.scaleUpDomain ?? 0) / part.perNode);
  const domains = Math.ceil(nodes / nodesPerDomain);
  if (best === undefined || domains < 2) return undefined;
  const perDomain = part.perNode * nodesPerDomain;
  const value = networkCeiling(collective, {
    domains,
    perDomain,
    rate: best.total * nodesPerDomain,
  });
  if (value === undefined) return undefined;
  const source =
    `network roofline without in-network reduction: ${domains} domains × ${perDomain}, ` +
    `${best.nics} NICs a node (${best.provider} ${best.type}): ${best.rate.source}`;
  return { value, source };
}
