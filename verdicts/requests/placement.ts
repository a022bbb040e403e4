/** Where cases run: on each node, in pairs, in domains, on the lot; a node enters a wider scope when it passes below. */
import { shuffle, stream } from '../../plan/random.ts';
import type { Domain, Node } from '../../runners/model.ts';
import type { Case } from '../../suites/model.ts';
import type { Word } from '../model.ts';

/** Scopes in the order in which a node enters them. */
const LADDER: Readonly<Record<Case['scope'], number>> = {
  node: 0,
  endpoint: 0,
  pair: 1,
  domain: 2,
  lot: 3,
};

/** Step of the ladder that a scope is on, from 0. */
export function stepOf(scope: Case['scope']): number {
  return LADDER[scope];
}

/** Nodes that run one case together, again and again. */
export interface Placement {
  readonly nodes: readonly string[];
  /** Trials asked for so far. */
  asked: number;
  /** A trial of it was not measured. */
  broken: boolean;
  /** Broken, and nobody is named: localisation looks for the guilty one, no other pair is made up for it. */
  suspect?: boolean;
}

/** What is known of a node below a scope. `undefined`: not decided yet. */
export type Below = (node: string, step: number) => Word | undefined;

const DOMAINS: readonly Domain['kind'][] = ['nvlink', 'slice', 'block', 'leaf', 'rack', 'power'];

/**
 * Placements that a case gets in this round, beyond those it has.
 *
 * @param nodes that may be tested, in plan order
 * @param has placements of earlier rounds, in the order in which they were made
 */
export function newPlacements(
  of: Case,
  nodes: readonly Node[],
  has: readonly Placement[],
  below: Below,
  seed: number,
  round: number,
): Placement[] {
  const step = stepOf(of.scope);
  const words = new Map(nodes.map((node) => [node.id, below(node.id, step)]));
  const ready = nodes.filter((node) => words.get(node.id) === 'pass').map((node) => node.id);
  const waiting = nodes.some((node) => words.get(node.id) === undefined);
  switch (of.scope) {
    case 'node':
    case 'endpoint': {
      const placed = new Set(has.flatMap((one) => one.nodes));
      return ready.filter((node) => !placed.has(node)).map((node) => place([node]));
    }
    case 'pair':
      return pairs(ready, has, waiting, stream(seed, 'matching', round));
    case 'domain':
      return domains(of, nodes, ready, has, words);
    case 'lot':
      return !waiting && ready.length > 1 && startable(nodes, ready) && again(has, ready)
        ? [place(ready)]
        : [];
  }
}

/** Kinds whose nodes start together or not at all: a slice of TPUs without one of its hosts is no topology. */
const WHOLE: readonly Domain['kind'][] = ['slice'];

/** Whether what is ready holds all nodes, where they lie in domains that start whole. */
function startable(nodes: readonly Node[], ready: readonly string[]): boolean {
  const whole = nodes.some((node) => node.domains.some(({ kind }) => WHOLE.includes(kind)));
  return !whole || ready.length === nodes.length;
}

/** Whether a group is to be placed: the first time, or without those that broke it. */
function again(has: readonly Placement[], ready: readonly string[]): boolean {
  const last = has.at(-1);
  if (last === undefined) return true;
  return last.broken && ready.length < last.nodes.length;
}

/**
 * A random perfect matching of the nodes that have no pair yet. The odd one waits for a later round, or
 * gets a partner that was paired before when no other is to come.
 */
function pairs(
  ready: readonly string[],
  has: readonly Placement[],
  waiting: boolean,
  random: () => number,
): Placement[] {
  const whole = has.filter((one) => !one.broken || one.suspect === true);
  const paired = new Set(whole.flatMap((one) => one.nodes));
  const tried = new Set(has.map((one) => one.nodes.join('~')));
  const open = shuffle(
    ready.filter((node) => !paired.has(node)),
    random,
  );
  const made: Placement[] = [];
  while (open.length > 1) {
    const one = open.pop() as string;
    const at = open.findLastIndex((other) => !tried.has([one, other].sort().join('~')));
    if (at < 0) continue;
    const [other] = open.splice(at, 1);
    made.push(place([one, other as string]));
  }
  const [odd] = open;
  if (odd === undefined || waiting || made.length > 0) return made;
  const partner = shuffle(
    ready.filter((node) => node !== odd && !tried.has([odd, node].sort().join('~'))),
    random,
  )[0];
  return partner === undefined ? made : [place([odd, partner])];
}

function domains(
  of: Case,
  nodes: readonly Node[],
  ready: readonly string[],
  has: readonly Placement[],
  words: ReadonlyMap<string, Word | undefined>,
): Placement[] {
  const wanted = of.parameters['domain'];
  const kind = DOMAINS.find((one) =>
    wanted === undefined
      ? nodes.some((node) => node.domains.some((domain) => domain.kind === one))
      : one === wanted,
  );
  const groups = new Map<string, string[]>();
  for (const node of nodes) {
    const domain = node.domains.find((one) => one.kind === kind);
    if (domain === undefined) continue;
    const group = groups.get(domain.id) ?? [];
    groups.set(domain.id, group);
    group.push(node.id);
  }
  const placed = new Set(has.flatMap((one) => one.nodes));
  const able = new Set(ready);
  return [...groups.values()].flatMap((group) => {
    if (group.some((node) => words.get(node) === undefined || placed.has(node))) return [];
    const rest = group.filter((node) => able.has(node));
    const whole = kind !== undefined && WHOLE.includes(kind);
    return rest.length < (whole ? group.length : 1) ? [] : [place(rest)];
  });
}

function place(nodes: readonly string[]): Placement {
  return { nodes: [...nodes].sort(), asked: 0, broken: false };
}
