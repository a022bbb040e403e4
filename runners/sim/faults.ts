/** Which faults stand on which nodes, and whether they show in an attempt. */
import { shuffle, stream } from '../../plan/random.ts';
import type { Node } from '../model.ts';
import type { Noise } from './noise.ts';
import type { Fault } from './options.ts';

/** Node id → its faults, in plan order. */
export type FaultMap = ReadonlyMap<string, readonly Fault[]>;

/** @param seed draws the nodes where a fault only says how many */
export function placeFaults(
  faults: readonly Fault[],
  nodes: readonly Node[],
  seed: number,
): FaultMap {
  const placed = new Map<string, Fault[]>();
  faults.forEach((fault, index) => {
    const among = nodes.filter(
      (node) =>
        (fault.nodes === undefined || fault.nodes.includes(node.id)) &&
        inDomain(node, 'rack', fault.rack) &&
        inDomain(node, 'leaf', fault.leaf),
    );
    const chosen =
      fault.count === undefined
        ? among
        : shuffle(among, stream(seed, 'sim', 'fault', index)).slice(0, fault.count);
    for (const node of chosen) {
      const known = placed.get(node.id);
      if (known === undefined) placed.set(node.id, [fault]);
      else known.push(fault);
    }
  });
  return placed;
}

function inDomain(node: Node, kind: 'rack' | 'leaf', id: string | undefined): boolean {
  return id === undefined || node.domains.some((one) => one.kind === kind && one.id === id);
}

/** What an attempt is to its faults. */
export interface Moment {
  /** Attempt id. */
  readonly attempt: string;
  /** What is measured is the trial's, whichever attempt at it comes through: its first attempt's id. */
  readonly measured: string;
  /** Ordinal of the trial among those of its case on its nodes, from its id; 0 where it has none. */
  readonly ordinal: number;
}

/** Reads the ordinal out of `<case>@<nodes>#<ordinal>/<attempt>`. */
export function momentOf(attempt: string): Moment {
  const ordinal = /#(\d+)(?:\/\d+)?$/u.exec(attempt)?.[1];
  const measured = attempt.replace(/\/\d+$/u, '/0');
  return { attempt, measured, ordinal: Number(ordinal ?? 0) };
}

/** Whether a fault shows in this attempt: it has begun, and its rate hits. The same for all of a node's processes. */
export function shows(fault: Fault, node: string, moment: Moment, draws: Noise): boolean {
  if (moment.ordinal < (fault.after ?? 0)) return false;
  const rate = fault.rate ?? (fault.kind === 'flapping' ? 0.3 : 1);
  return rate === 1 || draws.uniform(`${fault.kind}|${node}|${moment.attempt}`) < rate;
}
