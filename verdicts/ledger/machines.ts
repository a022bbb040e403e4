/** Machines followed over runs by their identity: a fold, oldest run first. A name is never an identity. */
import type { Delivery } from '../../plan/model.ts';
import type { Domain } from '../../runners/model.ts';
import { identityKeys } from '../criteria/identity.ts';
import type { DeliveryRun, Word } from '../model.ts';
import type { CameBack, LedgerRow, Sighting } from './model.ts';

type Seen = DeliveryRun['nodes'][number];

/** A machine while runs are folded in; a LedgerRow when they all are. */
export interface Machine extends LedgerRow {
  readonly keys: ReadonlySet<string>;
  readonly domains: readonly Domain[];
  /** Where it was seen last. */
  readonly name?: string;
  /** Evidence of some run passed or failed it; the runs are in order. */
  readonly decided: boolean;
  /** RFC 3339 of the first run that failed it. */
  readonly failedAt?: string;
}

type Open = {
  -readonly [K in keyof Machine]: Machine[K] extends readonly (infer T)[] ? T[] : Machine[K];
} & { keys: Set<string> };

/** What decides how many more units there are than were bought. */
export type Bought = Pick<Delivery, 'unit' | 'count'>;

/**
 * @param runs in order, all under the same terms
 * @returns in the order of first sight; nodes without identity are in none
 */
export function foldMachines(runs: readonly DeliveryRun[], bought: Bought): readonly Machine[] {
  const machines: Open[] = [];
  const byKey = new Map<string, Open>();
  for (const run of runs) {
    const words = new Map(run.verdict.nodes.map((row) => [row.id, row] as const));
    const before = machines.length;
    const here = recognised(run, machines, byKey);
    for (const [machine, node] of here) {
      const row = words.get(node.id);
      const isNew = machines.indexOf(machine) >= before;
      if (!isNew) noteReturn(machine, node, run.run);
      see(machine, node, run, row?.verdict ?? 'not-tested', row?.reasons ?? []);
    }
    const fresh = machines.slice(before);
    replaceByName(here, machines, run.run);
    replaceByCount(here, machines, fresh, run.run, bought);
  }
  return machines;
}

/** Each machine of the run with its node: by the strongest identity first, then by any other that is free. */
function recognised(
  run: DeliveryRun,
  machines: Open[],
  byKey: Map<string, Open>,
): ReadonlyMap<Open, Seen> {
  const here = new Map<Open, Seen>();
  const claim = (machine: Open, node: Seen) => {
    here.set(machine, node);
    for (const key of identityKeys(node)) if (!byKey.has(key)) byKey.set(key, machine);
  };
  const unknown: Seen[] = [];
  const strong = new Set<string>();
  for (const node of run.nodes) {
    const [strongest] = identityKeys(node);
    // One identity twice in a run is one machine; the judge fails both nodes for it.
    if (strongest === undefined || strong.has(strongest)) continue;
    strong.add(strongest);
    const machine = byKey.get(strongest);
    if (machine === undefined || here.has(machine)) unknown.push(node);
    else claim(machine, node);
  }
  for (const node of unknown) {
    const keys = [...identityKeys(node)];
    const owners = keys.flatMap((key) => byKey.get(key) ?? []);
    let machine = owners.find((one) => !here.has(one));
    if (machine === undefined) {
      const [strongest = ''] = keys;
      machine = fresh(strongest, owners);
      machines.push(machine);
      // Taken for another machine before, and now both are there.
      byKey.set(strongest, machine);
    }
    claim(machine, node);
  }
  return here;
}

function fresh(identity: string, owners: readonly Open[]): Open {
  return {
    identity,
    keys: new Set([identity]),
    sightings: [],
    verdict: 'not-tested',
    reasons: [],
    replaces: [],
    cameBack: [],
    shares: [...new Set(owners.map((one) => one.identity))],
    domains: [],
    decided: false,
  };
}

/** A rejected or returned machine that is there again. */
function noteReturn(machine: Open, node: Seen, run: string): void {
  const [strongest = ''] = identityKeys(node);
  const named = machine.name !== undefined && node.name !== undefined;
  const renamed = (named && machine.name !== node.name) || !machine.keys.has(strongest);
  const back = (after: CameBack['after']) =>
    machine.cameBack.push({ run, node: node.id, after, renamed });
  if (machine.replacedBy !== undefined) {
    back('replaced');
    delete machine.replacedBy;
  } else if (machine.verdict === 'fail' && renamed) back('rejected');
}

function see(
  machine: Open,
  node: Seen,
  run: DeliveryRun,
  verdict: Word,
  reasons: readonly string[],
): void {
  const sighting: Sighting = { run: run.run, node: node.id, verdict };
  machine.sightings.push(sighting);
  machine.domains = [...node.domains];
  const [strongest] = identityKeys(node);
  if (strongest !== undefined) machine.keys.add(strongest);
  if (node.name !== undefined) machine.name = node.name;
  if (verdict === 'fail') machine.failedAt ??= run.sealedAt;
  if (verdict === 'pass' || verdict === 'fail') machine.decided = true;
  // What was not completely tested says nothing new; doubt lifts no rejection.
  const silent =
    verdict === 'not-tested' || (verdict === 'inconclusive' && machine.verdict === 'fail');
  if (!silent) {
    machine.verdict = verdict;
    machine.from = run.run;
  }
  if (!silent || machine.from === undefined) {
    machine.reasons = verdict === 'pass' ? [] : [...reasons];
  }
}

/** A host name with another serial is another machine: the one that had the name is no longer there. */
function replaceByName(here: ReadonlyMap<Open, Seen>, machines: Open[], run: string): void {
  const named = new Map<string, Open>();
  for (const [machine, { name }] of here) if (name !== undefined) named.set(name, machine);
  for (const gone of machines) {
    if (here.has(gone) || gone.replacedBy !== undefined || gone.name === undefined) continue;
    const machine = named.get(gone.name);
    if (machine !== undefined) replace(gone, machine, run, 'name');
  }
}

/**
 * Once more units came than were bought, each new one beyond that stands for the machine that was rejected
 * first and is not there.
 */
function replaceByCount(
  here: ReadonlyMap<Open, Seen>,
  machines: readonly Open[],
  newcomers: readonly Open[],
  run: string,
  { unit, count }: Bought,
): void {
  if (unit !== 'node' || count === undefined) return;
  const current = machines.filter((one) => one.replacedBy === undefined);
  const free = newcomers.filter((one) => one.replaces.length === 0);
  const gone = current
    .filter((one) => one.verdict === 'fail' && !here.has(one))
    .sort((a, b) => ((a.failedAt ?? '') < (b.failedAt ?? '') ? -1 : 1));
  const pairs = Math.max(0, Math.min(current.length - count, free.length, gone.length));
  free.slice(free.length - pairs).forEach((machine, at) => {
    const other = gone[at];
    if (other !== undefined) replace(other, machine, run, 'count');
  });
}

function replace(gone: Open, machine: Open, run: string, by: 'name' | 'count'): void {
  gone.replacedBy = { identity: machine.identity, run, by };
  machine.replaces.push(gone.identity);
}
