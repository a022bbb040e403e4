/**
 * Faults that show in large groups only, and groups that fail without a word of who: halve (STATISTICS 5.6). A bad half
 * is halved again; where both halves are well by themselves the fault lies between them, in the cut.
 */

import { roundRobin, roundsOfAll } from './matchings.ts';

/** What the search came to so far. */
export interface Found {
  /** At fault by themselves, with partners that are well. */
  readonly nodes: readonly string[];
  /** At fault only together: the two ends of a path. */
  readonly links: readonly (readonly [string, string])[];
  /** Bad together, and every split of it well: it shows at this size only, or had gone when it was looked for. */
  readonly whole: readonly (readonly string[])[];
}

/** A search that is told how its groups did. */
export interface Halving {
  /** Disjoint groups to run at once; none: it is through. */
  next(): readonly (readonly string[])[];
  /** @param nodes one of the groups that `next` gave */
  tell(nodes: readonly string[], bad: boolean): void;
  readonly found: Found;
}

interface Experiment {
  readonly nodes: readonly string[];
  bad?: boolean;
}

interface Task {
  readonly experiments: readonly Experiment[];
  done(bad: readonly boolean[]): void;
}

/** @param nodes of the group that was bad, at least two */
export function createHalving(nodes: readonly string[]): Halving {
  const found = {
    nodes: new Set<string>(),
    links: [] as [string, string][],
    whole: [] as (readonly string[])[],
  };
  const well = new Set<string>();
  let tasks: Task[] = [];
  /** Groups with a single node in a half, while no node is known to be well. */
  let stuck: (readonly string[])[] = [];
  let tried = 0;

  const add = (groups: readonly (readonly string[])[], done: Task['done']) => {
    tasks.push({ experiments: groups.map((group) => ({ nodes: group })), done });
  };

  /** A node alone says nothing of the network: it runs with one that is well. */
  const withPartner = (group: readonly string[], not: readonly string[]) => {
    if (group.length > 1) return group;
    const partner = [...well].find((node) => !group.includes(node) && !not.includes(node));
    return partner === undefined ? undefined : [...group, partner].sort();
  };

  const part = (group: readonly string[]) => {
    const [one, other] = halves(group);
    const first = withPartner(one, group);
    const second = withPartner(other, [...group, ...(first ?? [])]);
    if (first === undefined || second === undefined) {
      stuck.push(group);
      return;
    }
    add([first, second], ([firstBad, secondBad]) => {
      if (firstBad === true) worse(one);
      if (secondBad === true) worse(other);
      if (firstBad !== true && secondBad !== true) cut(one, other, group);
    });
  };

  const worse = (group: readonly string[]) => {
    const [only] = group;
    if (group.length === 1 && only !== undefined) found.nodes.add(only);
    else part(group);
  };

  const cut = (one: readonly string[], other: readonly string[], whole: readonly string[]) => {
    const [left] = one;
    const [right] = other;
    if (one.length === 1 && other.length === 1 && left !== undefined && right !== undefined) {
      found.links.push([left, right]);
      return;
    }
    const sides = splits(one).flatMap((a) => splits(other).map((b) => [a, b] as const));
    add(
      sides.map(([a, b]) => [...a, ...b].sort()),
      (bad) => {
        if (!bad.includes(true)) found.whole.push(whole);
        for (const [at, [a, b]] of sides.entries()) if (bad[at] === true) cut(a, b, [...a, ...b]);
      },
    );
  };

  /** Pairs of all nodes, round by round, until two of them are well together. */
  const unstick = () => {
    const waiting = stuck;
    if (well.size > 2 || tried >= roundsOfAll(nodes.length)) {
      stuck = [];
      for (const group of waiting) {
        if (well.size > 2) part(group);
        else found.whole.push(group);
      }
      // Too few are well still: nobody is left to ask.
      found.whole.push(...stuck.splice(0));
      return;
    }
    const { pairs } = roundRobin(nodes.length, tried);
    tried += 1;
    add(
      Array.from(
        { length: pairs.length / 2 },
        (_, at) => [nodes[pairs[2 * at] as number], nodes[pairs[2 * at + 1] as number]] as string[],
      ),
      () => undefined,
    );
  };

  part(nodes);
  return {
    next() {
      while (tasks.length === 0 && stuck.length > 0) unstick();
      const busy = new Set<string>();
      const groups: (readonly string[])[] = [];
      for (const { experiments } of tasks) {
        for (const { nodes: group, bad } of experiments) {
          if (bad !== undefined || group.some((node) => busy.has(node))) continue;
          for (const node of group) busy.add(node);
          groups.push(group);
        }
      }
      return groups;
    },
    tell(group, bad) {
      const key = group.join('~');
      if (!bad) for (const node of group) well.add(node);
      for (const { experiments } of tasks) {
        for (const one of experiments) if (one.nodes.join('~') === key) one.bad ??= bad;
      }
      const ended = tasks.filter((task) => task.experiments.every((one) => one.bad !== undefined));
      tasks = tasks.filter((task) => !ended.includes(task));
      for (const task of ended) task.done(task.experiments.map((one) => one.bad === true));
    },
    get found() {
      return { nodes: [...found.nodes].sort(), links: found.links, whole: found.whole };
    },
  };
}

function halves(group: readonly string[]): [string[], string[]] {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
}

/** Halves of one side of a cut; a single node stays whole. */
function splits(group: readonly string[]): string[][] {
  return group.length === 1 ? [[...group]] : halves(group);
}
