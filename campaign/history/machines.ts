/** Under which name a machine, and what stands on it, is followed over runs. */
import { createHash } from 'node:crypto';
import type { Subject } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import { canonical } from '../directory/canonical.ts';
import type { RunReader } from '../directory/model.ts';

/** A node of one run. */
export interface Placed {
  /** kind:value of the strongest identity; `place:` and a hash where nothing strong is known. */
  readonly serial: string;
  /** Hash of its host name, salted by the history: equal names, equal places. Absent: not known. */
  readonly place?: string;
  readonly rack?: string;
  readonly leaf?: string;
}

/** What stands in the history for a host name: names themselves stay in private.json. */
export function placeOf(history: string, name: string): string {
  return createHash('sha256').update(`${history}\n${name}`).digest('hex').slice(0, 16);
}

/** The machine's name in the history. A place is no identity: it is said so by its kind. */
export function serialOf({ identity }: Pick<Node, 'identity'>, place: string | undefined): string {
  const [strongest] = identity;
  if (strongest !== undefined) return `${strongest.kind}:${strongest.value}`;
  return place === undefined ? 'unknown' : `place:${place}`;
}

/**
 * Every node of a run, by its id.
 *
 * @param history the history's id
 */
export function placedNodes(
  run: Pick<RunReader, 'fleet' | 'private'>,
  history: string,
): ReadonlyMap<string, Placed> {
  const names = new Map(run.private?.nodes.map((node) => [node.id, node.name]));
  return new Map(
    run.fleet.nodes.map((node) => {
      const name = names.get(node.id);
      const place = name === undefined ? undefined : placeOf(history, name);
      const domain = (kind: string) => node.domains.find((one) => one.kind === kind)?.id;
      const [rack, leaf] = [domain('rack'), domain('leaf')];
      const placed = {
        serial: serialOf(node, place),
        ...(place !== undefined && { place }),
        ...(rack !== undefined && { rack }),
        ...(leaf !== undefined && { leaf }),
      };
      return [node.id, placed] as const;
    }),
  );
}

/** A subject with its nodes by their serials: the same over runs. */
export function stableSubject(subject: Subject, nodes: ReadonlyMap<string, Placed>): string {
  const serial = (id: string) => nodes.get(id)?.serial ?? id;
  switch (subject.kind) {
    case 'accelerator':
      return `${serial(subject.node)}/${subject.accelerator}`;
    case 'node':
      return serial(subject.node);
    case 'link': {
      const ends = subject.ends.map(serial).sort().join('~');
      return subject.rail === undefined ? ends : `${ends}#${subject.rail}`;
    }
    case 'group':
    case 'endpoint': {
      const members = subject.nodes.map(serial).sort();
      const hash = createHash('sha256').update(canonical(members)).digest('hex').slice(0, 12);
      return `${subject.kind === 'group' ? 'group' : subject.endpoint}:${hash}`;
    }
    case 'lot':
      return 'lot';
  }
}
