/** What carries our marks in the TPU API, zone by zone, and its deletion: a queued resource takes its nodes along. */
import { HarnessError } from '../../plan/errors.ts';
import type { Listing, Resource } from '../cloud/model.ts';
import { inScope, type Scope } from '../cloud/ownership.ts';
import { reasonOf } from '../cloud/problem.ts';
import { refusalOf } from '../cloud/rest.ts';
import type { Gcp } from './client.ts';
import { marksOf, requestId } from './marks.ts';
import { last, locationsShape, tpuOperationShape } from './shapes.ts';
import { nodesIn, queuedIn, workersOf } from './tpu.ts';

export const QUEUED = 'queued resource';
export const NODE = 'tpu node';

/** @param zones those where the plan makes nodes; a sweep looks into all that the API has, too */
export async function tpuHoldings(
  gcp: Gcp,
  zones: readonly string[],
  scope: Scope,
  signal: AbortSignal,
): Promise<Listing<Resource>> {
  try {
    const others = scope.everywhere === true ? await locations(gcp, signal) : [];
    const all = [...new Set([...zones, ...others])];
    const lists = await Promise.all(all.map((zone) => within(gcp, zone, scope, signal)));
    return {
      found: lists.flatMap(({ found }) => found),
      blind: lists.flatMap(({ blind }) => blind),
    };
  } catch (error) {
    // A project that never turned the API on has nothing there.
    if (isOff(error)) return { found: [], blind: [] };
    if (!(error instanceof HarnessError) || reasonOf(error) !== 'permission') throw error;
    return { found: [], blind: [{ where: 'the TPU API', reason: error.message }] };
  }
}

/** Asks for the deletion of a node or queued resource, by its full name. @returns why it is refused */
export function deleteTpu(
  gcp: Gcp,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const queued = name.includes('/queuedResources/');
  // Without force it stays while its nodes are there.
  const query = queued ? `?force=true&requestId=${requestId(name, gcp.clock.now())}` : '';
  return refusalOf(() =>
    gcp.call({
      api: 'tpu',
      operation: queued ? 'queuedResources.delete' : 'nodes.delete',
      method: 'DELETE',
      path: `${name}${query}`,
      signal,
      shape: tpuOperationShape,
      patience: { total: 60 },
    }),
  );
}

async function locations(gcp: Gcp, signal: AbortSignal): Promise<readonly string[]> {
  const pages = await gcp.pages({
    api: 'tpu',
    operation: 'locations.list',
    path: `projects/${gcp.project}/locations`,
    signal,
    shape: locationsShape,
  });
  return pages.flatMap((page) => page.locations ?? []).map(({ locationId }) => locationId);
}

async function within(
  gcp: Gcp,
  zone: string,
  scope: Scope,
  signal: AbortSignal,
): Promise<Listing<Resource>> {
  const [nodes, queued] = await Promise.all([
    nodesIn(gcp, zone, signal),
    queuedIn(gcp, zone, signal),
  ]);
  const workers = new Map(
    nodes.found.map((node) => [
      last(node.name),
      workersOf(node, zone, 'private').map(({ id }) => id),
    ]),
  );
  const labels = new Map(nodes.found.map((node) => [last(node.name), node.labels]));
  const found: Resource[] = [];
  const add = (
    kind: string,
    id: string,
    of: Labels,
    state: string,
    contains: readonly string[],
  ) => {
    const marks = marksOf({ labels: of, description: undefined });
    if (marks === undefined || !inScope(marks, scope)) return;
    found.push({ id, kind, where: zone, marks, state, contains });
  };
  for (const { name, state, tpu } of queued.found) {
    const specs = tpu?.nodeSpec ?? [];
    const ids = specs.flatMap(({ nodeId }) => nodeId ?? []);
    // It has no labels of its own: those of the node that it was asked for, or that it brought.
    const of = specs[0]?.node?.labels ?? labels.get(ids[0] ?? '');
    const contains = ids.flatMap((id) => workers.get(id) ?? []);
    add(QUEUED, name, of, state?.state ?? 'there', contains);
  }
  for (const { name, labels: of, state = 'there' } of nodes.found) {
    add(NODE, name, of, state, workers.get(last(name)) ?? []);
  }
  return { found, blind: [...nodes.blind, ...queued.blind] };
}

type Labels = Readonly<Record<string, string>> | null | undefined;

function isOff(error: unknown): boolean {
  const code = (error as Partial<HarnessError>).details?.['providerCode'];
  return code === 'SERVICE_DISABLED' || code === 'accessNotConfigured';
}
