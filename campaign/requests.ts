/** Requests as the journal knows them: by their hash, since a replay makes them again. */
import { createHash } from 'node:crypto';
import type { Node } from '../runners/model.ts';
import type { Request } from '../verdicts/model.ts';
import { canonical } from './directory/canonical.ts';
import type { InventoryUnit } from './units.ts';

/** Round 0: what every node is, before a judge can be made. */
export function inventoryRequests(inventory: InventoryUnit, nodes: readonly Node[]): Request[] {
  return inventory.cases(nodes).map(({ id }) => ({
    case: id,
    groups: nodes.map((node) => [node.id]),
    why: 'planned' as const,
  }));
}

/** SHA-256 (hex) over all requests of a round, in their order. */
export function requestsHash(requests: readonly Request[]): string {
  const hash = createHash('sha256');
  for (const { case: of, groups, why } of requests) {
    hash.update(canonical([of, why]));
    for (const group of groups) hash.update(`${group.join(' ')}\n`);
  }
  return hash.digest('hex');
}

/** Trials that requests ask for. */
export function countTrials(requests: readonly Request[]): number {
  return requests.reduce((sum, request) => sum + request.groups.length, 0);
}
