/** Tonight's nodes, once the fleet is open: machines are known again by identity, or by their place. */
import type { Node } from '../../runners/model.ts';
import { placeOf } from '../history/machines.ts';
import { linksSeen, machinesOf, type SeenMachine } from '../history/panel-rows.ts';
import type { History } from '../history/store.ts';
import { serialsOf } from './panels.ts';
import { classesOf, classesOfPair, rotate, type Candidate } from './rotation.ts';

const DAY = 24 * 3600 * 1000;

/** What was chosen, and what rotation could not keep. */
export interface Chosen {
  readonly ids: readonly string[];
  readonly busy: number;
  readonly fleet: number;
}

/** Machines of the delivery as the history knows them, by serial and by place. */
export async function knownMachines(history: History, delivery: string) {
  const all = await machinesOf(history, delivery);
  return {
    all,
    bySerial: new Map(all.map((one) => [one.serial, one] as const)),
    byPlace: new Map(
      all.flatMap((one) => (one.place === undefined ? [] : [[one.place, one] as const])),
    ),
  };
}

/** What `knownMachines` gives. */
export type Known = Awaited<ReturnType<typeof knownMachines>>;

/** The machine that stands behind a node of a fleet that was just opened; undefined: never seen. */
export function machineOf(node: Node, known: Known, history: string): SeenMachine | undefined {
  for (const { kind, value } of node.identity) {
    const machine = known.bySerial.get(`${kind}:${value}`);
    if (machine !== undefined) return machine;
  }
  return known.byPlace.get(placeOf(history, node.name));
}

/**
 * Nodes for tonight.
 *
 * @param options.suspicion serial → how much it is suspected
 * @param options.capacity nodes that the budget carries, of so many free ones
 */
export async function chooseNodes(
  history: History,
  delivery: string,
  nodes: readonly Node[],
  options: {
    readonly night: string;
    readonly every: number;
    readonly seed: number;
    readonly suspicion: ReadonlyMap<string, number>;
    readonly busy: ReadonlySet<string>;
    readonly pairs: boolean;
    readonly capacity: (free: number) => number;
  },
): Promise<Chosen> {
  const known = await knownMachines(history, delivery);
  const free = nodes.filter((node) => !options.busy.has(node.name));
  const candidates = free.map((node): Candidate => {
    const machine = machineOf(node, known, history.catalogue.id);
    const seen = machine?.night;
    return {
      id: node.id,
      unseen: seen === undefined ? Infinity : nightsBetween(seen, options.night),
      suspicion: machine === undefined ? 0 : (options.suspicion.get(machine.serial) ?? 0),
      place: placeName(node, machine),
    };
  });
  const classes = options.pairs
    ? await classNights(history, delivery, candidates, options)
    : new Map<string, number>();
  const capacity = options.capacity(free.length);
  const { every, seed } = options;
  const ids = rotate(candidates, { every, capacity, seed, classes });
  return { ids, busy: nodes.length - free.length, fleet: nodes.length };
}

function placeName(node: Node, machine: SeenMachine | undefined): string {
  const domain = (kind: string) => node.domains.find((one) => one.kind === kind)?.id;
  return domain('leaf') ?? machine?.leaf ?? domain('rack') ?? machine?.rack ?? 'the fleet';
}

/** Nights since each class that these nodes can make was seen; Infinity: not within the rotation. */
async function classNights(
  history: History,
  delivery: string,
  candidates: readonly Candidate[],
  { night, every }: { readonly night: string; readonly every: number },
): Promise<ReadonlyMap<string, number>> {
  const seen = await classesSeen(history, delivery, dayBefore(night, every));
  return new Map(
    classesOf(candidates.map(({ place }) => place)).map((name) => {
      const last = seen.get(name);
      return [name, last === undefined ? Infinity : nightsBetween(last, night)] as const;
    }),
  );
}

/**
 * Pair class → last night on which a link of it was measured.
 *
 * @param since YYYY-MM-DD: what was seen before it is left out
 */
export async function classesSeen(
  history: History,
  delivery: string,
  since: string,
): Promise<ReadonlyMap<string, string>> {
  const { bySerial } = await knownMachines(history, delivery);
  const place = (serial: string) => {
    const machine = bySerial.get(serial);
    return machine?.leaf ?? machine?.rack ?? 'the fleet';
  };
  const seen = new Map<string, string>();
  for (const [subject, night] of await linksSeen(history, delivery, since)) {
    const [one = '', other = ''] = serialsOf(subject);
    for (const name of classesOfPair(place(one), place(other))) {
      if ((seen.get(name) ?? '') < night) seen.set(name, night);
    }
  }
  return seen;
}

/** The day that lies so many nights before. */
export function dayBefore(night: string, nights: number): string {
  return new Date(Date.parse(night) - nights * DAY).toISOString().slice(0, 10);
}

/** Nights from one day to a later one. */
export function nightsBetween(earlier: string, later: string): number {
  return Math.round((Date.parse(later) - Date.parse(earlier)) / DAY);
}
