/** What the TPU API says of a node's health: for the facts of its hosts, and as notices while they run. */
import type { Machine } from '../cloud/model.ts';
import type { Notice } from '../cloud/runner.ts';
import type { TpuNode } from './shapes.ts';

/** Google works on it: nothing that is measured now says anything of the chips. */
export const MAINTENANCE = 'UNHEALTHY_MAINTENANCE';

/** Fact of a host whose node is in that state. */
export const HEALTH = 'gcp.health';

/** Facts of one worker: the node's health and what it is, and the symptoms that are this worker's or nobody's. */
export function factsOf(node: TpuNode, worker: number): Readonly<Record<string, string>> {
  const symptoms = (node.symptoms ?? [])
    .filter(({ workerId }) => !isSome(workerId) || workerId === String(worker))
    .map(({ symptomType, createTime, details }) =>
      [symptomType, createTime, details].filter(isSome).join(' '),
    );
  const known: Readonly<Record<string, string | null | undefined>> = {
    [HEALTH]: node.health,
    'gcp.health-description': node.healthDescription,
    'gcp.symptoms': symptoms.join('; '),
    'gcp.accelerator': node.acceleratorType ?? node.acceleratorConfig?.type,
    'gcp.topology': node.acceleratorConfig?.topology,
    'gcp.runtime': node.runtimeVersion,
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) => (isSome(value) ? [[name, value]] : [])),
  );
}

/** Hosts of the TPU API's nodes among these machines, by the node's full name. */
export function tpuHosts(machines: readonly Machine[]): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const { id } of machines) {
    const [node, worker] = id.split('/workers/');
    if (node === undefined || worker === undefined) continue;
    hosts.set(node, [...(hosts.get(node) ?? []), id]);
  }
  return hosts;
}

/** States in which a node's hosts are gone, for good or until somebody makes it anew. */
const GONE = /^(?:DELETING|PREEMPTED|TERMINATED|STOPPING|STOPPED)$/u;
/** States and health in which Google works on it. */
const WORKED_ON = /^(?:REPAIRING|RESTARTING|REIMAGING|UNHEALTHY_MAINTENANCE)$/u;

/** What has become of nodes that run: gone, or worked on. A slice ends whole, so each notice is for all its hosts. */
export function noticesOf(
  hosts: ReadonlyMap<string, readonly string[]>,
  listed: readonly TpuNode[],
): readonly Notice[] {
  const now = new Map(listed.map((node) => [node.name, node]));
  return [...hosts].flatMap(([name, machines]): readonly Notice[] => {
    const node = now.get(name);
    if (node === undefined) return [{ machines, kind: 'preempted', detail: 'gone from its zone' }];
    const { state = '', health } = node;
    if (GONE.test(state)) return [{ machines, kind: 'preempted', detail: state }];
    const worked = [state, health].filter(isSome).find((word) => WORKED_ON.test(word));
    if (worked === undefined) return [];
    const detail = [worked, node.healthDescription].filter(isSome).join(': ');
    return [{ machines, kind: 'maintenance', detail, window: 'open' }];
  });
}

function isSome(text: string | null | undefined): text is string {
  return typeof text === 'string' && text !== '';
}
