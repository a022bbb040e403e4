/** From a fleet and its inventory to cases, judge and fleet.json; live and in replay the same. */
import type { Origin, Plan } from '../plan/model.ts';
import type { Fleet, Node } from '../runners/model.ts';
import type { Attempt, Case, Metric } from '../suites/model.ts';
import type { Judge, JudgedReading } from '../verdicts/model.ts';
import type { FleetFile, PrivateFile } from './directory/model.ts';
import type { CampaignEvent, PublicNode } from './events.ts';
import { timedCases } from './schedule/trials.ts';
import type { CreateJudge, Units } from './units.ts';

/** A fleet as it was opened: before anybody looked at its nodes. */
export interface Opened {
  readonly origin: Origin;
  readonly nodes: readonly Node[];
  readonly missing: Fleet['missing'];
}

/** An inventory attempt with what it gave. */
export interface Inventoried {
  readonly attempt: Attempt;
  readonly readings: readonly JudgedReading[];
}

/** All that follows from plan, fleet and inventory. */
export interface Judging {
  readonly judge: Judge;
  /** As inventoried, in plan order. */
  readonly nodes: ReadonlyMap<string, Node>;
  readonly origin: Origin;
  readonly cases: ReadonlyMap<string, Case>;
  /** Ids of cases that must not share a machine. */
  readonly timed: ReadonlySet<string>;
  readonly metrics: readonly Metric[];
  readonly fleetFile: FleetFile;
}

/** Makes the judge and has it observe the inventory. */
export function openJudging(
  plan: Plan,
  opened: Opened,
  units: Units,
  inventory: readonly Inventoried[],
  createJudge: CreateJudge,
): Judging {
  const readings = new Map<string, JudgedReading[]>();
  for (const { attempt, readings: own } of inventory) {
    if (attempt.outcome?.status !== 'measured') continue;
    // The latest complete look at a node is what it is.
    for (const node of attempt.trial.nodes) readings.set(node, [...own]);
  }
  const nodes = opened.nodes.map((node) => {
    const own = readings.get(node.id);
    if (own === undefined) return node;
    const facts = own.filter((reading) => reading.kind !== 'sample');
    return units.inventory.inventoriedNode(node, facts);
  });
  const known = nodes.filter((node) => readings.has(node.id));
  const cases = [
    ...units.inventory.cases(nodes),
    ...(known.length === 0 ? [] : units.suites.flatMap((suite) => suite.cases(known))),
  ];
  const metrics = units.suites.flatMap((suite) => suite.metrics);
  const checks = [...units.inventory.checks, ...units.suites.flatMap((suite) => suite.checks)];
  const origin = lowered(opened.origin, nodes);
  const { missing } = opened;
  const judge = createJudge({ plan, origin, nodes, missing, cases, metrics, checks });
  for (const { attempt, readings: own } of inventory) judge.observe(attempt, own);
  return {
    judge,
    nodes: new Map(nodes.map((node) => [node.id, node])),
    origin,
    cases: new Map(cases.map((one) => [one.id, one])),
    timed: timedCases(cases, plan.criteria),
    metrics,
    fleetFile: {
      schema: 'assay/fleet/1',
      runner: plan.fleet.runner,
      origin,
      nodes: nodes.map(publicNode),
      missing: missing.map(({ code, reason, node }) => ({ code, reason, node: node.id })),
      lost: lostFacts(readings),
      cases,
      metrics,
      checks,
    },
  };
}

/** A node without what only private.json may have. */
export function publicNode({ name: _name, fabricAddress: _address, ...rest }: Node): PublicNode {
  return rest;
}

/** A fleet opened earlier, from the journal; without private.json its nodes are named by their ids. */
export function openedAgain(
  event: Extract<CampaignEvent, { event: 'fleet' }>,
  names?: PrivateFile,
): Opened {
  const known = new Map(names?.nodes.map((node) => [node.id, node]));
  const named = (node: PublicNode): Node => {
    const { name, fabricAddress } = known.get(node.id) ?? { name: node.id, fabricAddress: node.id };
    return { ...node, name, fabricAddress };
  };
  return {
    origin: event.origin,
    nodes: event.nodes.map(named),
    missing: event.missing.map((one, at) => ({
      code: one.code,
      reason: one.reason,
      slot: names?.missing[at]?.slot ?? one.node.id,
      node: named(one.node),
    })),
  };
}

/** A machine without accelerators proves the tool, not any hardware that was bought. */
function lowered(origin: Origin, nodes: readonly Node[]): Origin {
  const reference = nodes.some((node) => node.accelerators.some(({ kind }) => kind === 'cpu'));
  return origin === 'hardware' && reference ? 'reference-device' : origin;
}

/** Facts named `lost.<fact>`: what could not be read, and why. */
function lostFacts(readings: ReadonlyMap<string, readonly JudgedReading[]>): FleetFile['lost'] {
  const lost = new Map<string, { fact: string; why: string; nodes: string[] }>();
  for (const [node, own] of readings) {
    for (const reading of own) {
      if (reading.kind !== 'fact' || !reading.name.startsWith('lost.')) continue;
      const fact = reading.name.slice('lost.'.length);
      const key = `${fact}\n${reading.value}`;
      const row = lost.get(key) ?? { fact, why: reading.value, nodes: [] };
      row.nodes.push(node);
      lost.set(key, row);
    }
  }
  return [...lost.values()].sort((a, b) => (a.fact < b.fact ? -1 : 1));
}
