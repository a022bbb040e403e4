/** Values of one criterion, a cell a subject; small enough for 10,000 nodes × 8 accelerators. */
import type { Subject } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { MixtureState } from '../statistics/mixture-decision.ts';
import type { Word } from '../model.ts';

/** What one criterion knows of one subject. */
export interface Cell {
  readonly subject: Subject;
  /** One a trial, in Metric.unit; from `folded` on not in any order yet. */
  readonly values: number[];
  /** Ledger index of the attempt of each value. */
  readonly attempts: number[];
  /** Values before this one chose the subject for a retest, and count no more. */
  from: number;
  /** Values folded into the evidence. */
  folded: number;
  /** Measured trials that owed a value and gave none. */
  missing: number;
  /** Ledger index of the latest attempt that gave a value; −1: none. */
  last: number;
  /** Evidence of the mixture tests, once there is a sigma. */
  evidence?: MixtureState;
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
  const byKey = new Map<string, Cell>();
  const byTrial = new Map<string, Cell[]>();
  for (const node of nodes) {
    const own = subjectsOn(per, node).map((subject) => emptyCell(subject));
    for (const cell of own) byKey.set(subjectKey(cell.subject), cell);
    if (own.length > 0) byTrial.set(node.id, own);
  }
  const narrow = per === 'node' || per === 'accelerator';
  return {
    at(subject, trialNodes) {
      const key = subjectKey(subject);
      const known = byKey.get(key);
      if (known !== undefined || narrow || subject.kind !== per) return known;
      const cell = emptyCell(subject);
      byKey.set(key, cell);
      const trial = trialNodes.join('~');
      const own = byTrial.get(trial);
      if (own === undefined) byTrial.set(trial, [cell]);
      else own.push(cell);
      return cell;
    },
    on(trialNodes) {
      if (!narrow) return byTrial.get(trialNodes.join('~')) ?? [];
      return trialNodes.length === 1
        ? (byTrial.get(trialNodes[0] as string) ?? [])
        : trialNodes.flatMap((node) => byTrial.get(node) ?? []);
    },
    all: () => byKey.values(),
  };
}

/** The subjects of a kind that stand on one node and are known beforehand. */
export function subjectsOn(per: Subject['kind'], node: Node): readonly Subject[] {
  if (per === 'node') return [{ kind: 'node', node: node.id }];
  if (per !== 'accelerator') return [];
  return node.accelerators.map((one) => ({
    kind: 'accelerator',
    node: node.id,
    accelerator: one.id,
  }));
}

function emptyCell(subject: Subject): Cell {
  return { subject, values: [], attempts: [], from: 0, folded: 0, missing: 0, last: -1 };
}

/**
 * Adds a value of an attempt. A second one of the same attempt keeps the worse: the trial is the
 * independent unit, and a repetition never improves it.
 */
export function addValue(cell: Cell, value: number, attempt: number, atLeast: boolean): void {
  if (cell.last !== attempt) {
    cell.values.push(value);
    cell.attempts.push(attempt);
    cell.last = attempt;
    return;
  }
  const at = cell.values.length - 1;
  const kept = cell.values[at] as number;
  cell.values[at] = atLeast ? Math.min(kept, value) : Math.max(kept, value);
}

/** Puts the values that are not folded yet into the order of their trials. */
export function sortFresh(cell: Cell, compare: (a: number, b: number) => number): void {
  const fresh = cell.attempts
    .slice(cell.folded)
    .map((attempt, i) => ({ attempt, value: cell.values[cell.folded + i] as number }))
    .sort((a, b) => compare(a.attempt, b.attempt));
  for (const [i, one] of fresh.entries()) {
    cell.attempts[cell.folded + i] = one.attempt;
    cell.values[cell.folded + i] = one.value;
  }
}
