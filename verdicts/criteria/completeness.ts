/** `completeness`: every trial on a node ended as measured; whose fault it was where one did not. */
import { count, some } from '../show.ts';
import type { EndedTrial, Failed } from './ledger.ts';
import type { NodeWord } from './node-facts.ts';

/** The same failure on more of a lot than this speaks of the harness until one node shows otherwise. */
const COMMON = 0.2;

/** Away for longer than the plan's grace: that is the node's, however many are. */
const UNREACHABLE = 'UNREACHABLE';

interface NodeFault {
  /** Attempt id. */
  readonly attempt: string;
  readonly case: string;
  readonly outcome: Failed;
  readonly nodes: readonly string[];
}

/** What localisation found out about failures that name nobody. */
export interface Localised {
  /** Whose fault the failures of a case on these nodes are; undefined: not known. */
  guilty(of: string, nodes: readonly string[]): readonly string[] | undefined;
  /** Why a node is at fault. */
  failuresOf(node: string): NodeWord | undefined;
}

interface Faults {
  /** Node-owned, by case and code. */
  readonly own: Map<string, NodeFault>;
  /** Harness- or reach-owned, or a group's. */
  readonly lost: NodeFault[];
  /** Another node of the trial was named as guilty. */
  readonly spoilt: NodeFault[];
  measured: number;
}

/** Faults over the lot. */
export interface Completeness {
  /** One trial of the round that ends. */
  trial(ended: EndedTrial): void;
  wordOf(node: string): NodeWord | undefined;
  /** Why the trials of these cases on these nodes gave nothing. */
  whyNot(cases: readonly string[], nodes: readonly string[]): string | undefined;
  readonly notes: readonly string[];
}

/**
 * @param nodes ids, missing ones included
 * @param missing id → why it is not there
 */
export function createCompleteness(
  nodes: readonly string[],
  missing: ReadonlyMap<string, string>,
  localised?: Localised,
): Completeness {
  const faults = new Map<string, Faults>();
  /** Cases that were measured somewhere. */
  const canaries = new Set<string>();
  const common = new Map<string, Set<string>>();
  const of = (node: string): Faults => {
    const known = faults.get(node);
    if (known !== undefined) return known;
    const fresh: Faults = {
      own: new Map(),
      lost: [],
      spoilt: [],
      measured: 0,
    };
    faults.set(node, fresh);
    return fresh;
  };
  /** Held for the harness's while most of the lot fails alike and no node passes the same case. */
  const held = (key: string, fault: NodeFault) => {
    if (fault.outcome.code === UNREACHABLE) return false;
    const alike = common.get(key)?.size ?? 0;
    return !canaries.has(fault.case) && alike > 1 && alike > COMMON * (nodes.length - missing.size);
  };
  return {
    trial(ended) {
      if (ended.measured) {
        canaries.add(ended.case);
        for (const node of ended.nodes) of(node).measured += 1;
        return;
      }
      if (ended.failure === undefined) return;
      const { outcome, ordinal } = ended.failure;
      const fault = {
        attempt: `${ended.id}/${ordinal}`,
        case: ended.case,
        outcome,
        nodes: ended.nodes,
      };
      const named = outcome.suspects.filter((node) => ended.nodes.includes(node));
      const guilty = guiltyOf(outcome, named, ended.nodes);
      for (const node of ended.nodes) {
        if (!guilty.includes(node)) {
          (guilty.length > 0 ? of(node).spoilt : of(node).lost).push(fault);
          continue;
        }
        const key = `${ended.case} ${outcome.code}`;
        const alike = common.get(key) ?? new Set();
        common.set(key, alike);
        alike.add(node);
        if (!of(node).own.has(key)) of(node).own.set(key, fault);
      }
    },
    wordOf(node) {
      const absent = missing.get(node);
      if (absent !== undefined) return { verdict: 'not-tested', reason: absent };
      const own = faults.get(node);
      if (own === undefined) return { verdict: 'not-tested', reason: 'no trial ran on this node' };
      const guilty = [...own.own].filter(([key, fault]) => !held(key, fault));
      const [first] = guilty;
      if (first !== undefined) {
        const more = guilty.length > 1 ? ` (and ${guilty.length - 1} more faults)` : '';
        return {
          verdict: 'fail',
          reason: `${sentence(first[1])}${more}`,
          attempts: guilty.map(([, fault]) => fault.attempt),
        };
      }
      const [waiting] = own.own.values();
      if (waiting !== undefined) {
        const reason = `${sentence(waiting)}; the same on more than 20 % of the lot and measured on none, so held to be the harness's`;
        return { verdict: 'not-tested', reason, attempts: [waiting.attempt] };
      }
      // A failure with a guilty node is not held against the others.
      const open = own.lost.filter(
        (fault) => localised?.guilty(fault.case, fault.nodes) === undefined,
      );
      return localised?.failuresOf(node) ?? lostWord({ ...own, lost: open });
    },
    whyNot(cases, own) {
      for (const node of own) {
        const absent = missing.get(node);
        if (absent !== undefined) return absent;
        const known = faults.get(node);
        const fault = [
          ...(known?.own.values() ?? []),
          ...(known?.lost ?? []),
          ...(known?.spoilt ?? []),
        ].find((one) => cases.includes(one.case) || one.case === 'inventory');
        if (fault !== undefined) return sentence(fault);
      }
      return undefined;
    },
    get notes() {
      return [...common].flatMap(([key, alike]) => {
        const [one] = alike;
        const fault = one === undefined ? undefined : faults.get(one)?.own.get(key);
        return fault !== undefined && held(key, fault)
          ? [
              `${key} on ${count(alike.size, 'node')} alike (${some([...alike].sort())}): held to be the harness's until it passes on one of them`,
            ]
          : [];
      });
    },
  };
}

function lostWord(own: Faults): NodeWord {
  const [first] = own.lost;
  if (first === undefined) {
    return { verdict: 'pass', reason: `${count(own.measured, 'trial')} measured, none failed` };
  }
  const group = own.lost.find((fault) => fault.outcome.owner === 'group');
  const attempts = own.lost.map((fault) => fault.attempt);
  if (group !== undefined) {
    const reason = `${sentence(group)}; which of its nodes is at fault is not known`;
    return { verdict: 'inconclusive', reason, attempts };
  }
  return { verdict: 'not-tested', reason: sentence(first), attempts };
}

/** The nodes that a failed trial is held against. */
function guiltyOf(
  outcome: Failed,
  named: readonly string[],
  nodes: readonly string[],
): readonly string[] {
  if (outcome.owner === 'node') return named.length > 0 || nodes.length > 1 ? named : nodes;
  // A group that names all its nodes names none.
  return outcome.owner === 'group' && named.length < nodes.length ? named : [];
}

function sentence(fault: NodeFault): string {
  return `${fault.outcome.code} in ${fault.attempt}: ${fault.outcome.message}`;
}
