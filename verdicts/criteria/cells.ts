/** Values of one criterion, a cell a subject; small enough for 10,000 nodes × 8 accelerators. */
import type { Subject } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { MixtureState } from '../statistics/mixture-decision.ts';
import type { Word } from '../model.ts';
import { byText } from './ledger.ts';
import { SharedLists } from './shared-lists.ts';

/** What one criterion knows of one subject. */
export interface Cell {
  readonly subject: Subject;
  /** One a trial, in Metric.unit; from `folded` on not in any order yet. */
  values: readonly number[];
  /** Ledger index of the attempt of each value. */
  attempts: readonly number[];
  /** Values before this one chose the subject for a retest, and count no more. */
  from: number;
  /** Values folded into the evidence. */
  folded: number;
  /** Measured trials that owed a value and gave none. */
  missing: number;
  /** Ledger index of the latest attempt that gave a value; −1: none. */
  last: number;
  /** Evidence of the mixture tests, from the first sigma to the word. */
  evidence?: MixtureState | undefined;
  /** Natural logs of the two evidence processes so far. */
  logs?: { readonly pass: number; readonly fail: number };
  /** Absorbed. */
  word?: Word;
}

/** The cells of one criterion. */
export interface Cells {
  /** The cell of a reading's subject; undefined: no such subject was planned on these nodes. */
  at(subject: Subject, trialNodes: readonly string[]): Cell | undefined;
  /** Cells that a trial on these nodes should fill. */
  on(trialNodes: readonly string[]): readonly Cell[];
  all(): Iterable<Cell>;
}

/**
 * Accelerators and nodes are known beforehand and each has its cell; links, groups, endpoints and the
 * lot get theirs with the first reading (rails and endpoints are not known before).
 *
 * @param per kind of subject that the criterion is for
 * @param nodes of the fleet, with accelerators
 */
export function createCells(per: Subject['kind'], nodes: readonly Node[]): Cells {
  const narrow = per === 'node' || per === 'accelerator';
  return narrow ? narrowCells(per, nodes) : wideCells(per);
}

/** Looked up without making a key: a large fleet gives millions of readings. */
function narrowCells(per: 'node' | 'accelerator', nodes: readonly Node[]): Cells {
  const byNode = new Map<string, readonly Cell[]>();
  for (const node of nodes) {
    const own = subjectsOn(per, node).map((subject) => emptyCell(subject));
    if (own.length > 0) byNode.set(node.id, own);
  }
  return {
    at(subject) {
      if (subject.kind === 'node')
        return per === 'node' ? byNode.get(subject.node)?.[0] : undefined;
      if (subject.kind !== 'accelerator' || per !== 'accelerator') return undefined;
      const { accelerator } = subject;
      return byNode
        .get(subject.node)
        ?.find(
          (cell) => cell.subject.kind === 'accelerator' && cell.subject.accelerator === accelerator,
        );
    },
    on(trialNodes) {
      return trialNodes.length === 1
        ? (byNode.get(trialNodes[0] as string) ?? [])
        : trialNodes.flatMap((node) => byNode.get(node) ?? []);
    },
    *all() {
      for (const own of byNode.values()) yield* own;
    },
  };
}

function wideCells(per: Subject['kind']): Cells {
  const byKey = new Map<string, Cell>();
  const byTrial = new Map<string, Cell[]>();
  return {
    at(subject, trialNodes) {
      const key = subjectKey(subject);
      const known = byKey.get(key);
      if (known !== undefined || subject.kind !== per) return known;
      const cell = emptyCell(subject);
      byKey.set(key, cell);
      const trial = trialNodes.join('~');
      const own = byTrial.get(trial);
      if (own === undefined) byTrial.set(trial, [cell]);
      else own.push(cell);
      return cell;
    },
    on: (trialNodes) => byTrial.get(trialNodes.join('~')) ?? [],
    // Sums over all must not depend on who came first.
    all: () => [...byKey].sort(([a], [b]) => byText(a, b)).map(([, cell]) => cell),
  };
}

/** The subjects of a kind that stand on one node and are known beforehand. */
export function subjectsOn(per: Subject['kind'], node: Node): readonly Subject[] {
  if (per !== 'node' && per !== 'accelerator') return [];
  const known = shared.get(node) ?? {
    node: [{ kind: 'node', node: node.id }],
    accelerator: node.accelerators.map((one) => ({
      kind: 'accelerator',
      node: node.id,
      accelerator: one.id,
    })),
  };
  shared.set(node, known);
  return known[per];
}

/** One object a subject, however many criteria look at it. */
const shared = new WeakMap<Node, Record<'node' | 'accelerator', readonly Subject[]>>();

const NONE: number[] = [];

function emptyCell(subject: Subject): Cell {
  return { subject, values: NONE, attempts: NONE, from: 0, folded: 0, missing: 0, last: -1 };
}

/**
 * Adds a value of an attempt. A second one of the same attempt keeps the worse: the trial is the
 * independent unit, and a repetition never improves it.
 */
export function addValue(cell: Cell, value: number, attempt: number, atLeast: boolean): void {
  if (cell.last !== attempt) {
    addAttempt(cell, attempt);
    cell.values = grown(cell.values, value);
    return;
  }
  const at = cell.values.length - 1;
  const kept = cell.values[at] as number;
  cell.values = cell.values.with(at, atLeast ? Math.min(kept, value) : Math.max(kept, value));
}

/** Lists that the latest attempt was added to; never changed, so that whose they are is the same. */
let lists = new SharedLists(grown);
let latest = -1;

/** Adds an attempt. One list for all cells with the same attempts: 10,000 nodes have millions of cells. */
export function addAttempt(cell: Cell, attempt: number): void {
  if (attempt !== latest) {
    latest = attempt;
    lists = new SharedLists(grown);
  }
  cell.attempts = lists.with(cell.attempts, '', attempt);
  cell.last = attempt;
}

/**
 * A copy with one more, and room for no other: an array that grows in place, or from `[...all, one]`,
 * keeps room for sixteen, and a large fleet has millions of arrays of two or three.
 */
export function grown(all: readonly number[], one: number): number[] {
  return all.concat([one]);
}

/** Puts the values that are not folded yet into the order of their trials. */
export function sortFresh(cell: Cell, compare: (a: number, b: number) => number): void {
  if (cell.attempts.length - cell.folded < 2) return;
  const fresh = cell.attempts
    .slice(cell.folded)
    .map((attempt, i) => ({ attempt, value: cell.values[cell.folded + i] as number }))
    .sort((a, b) => compare(a.attempt, b.attempt));
  // Lists may be shared: they are never changed.
  cell.attempts = [...cell.attempts.slice(0, cell.folded), ...fresh.map((one) => one.attempt)];
  cell.values = cell.values.slice(0, cell.folded).concat(fresh.map((one) => one.value));
}
