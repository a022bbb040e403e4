/** What a case promises (`Case.gives`), as a gate for what its nodes print and a list of what is missing. */
import type { Parameters, Subject } from '../plan/model.ts';
import { parametersKey, subjectKey } from '../plan/subject.ts';
import type { Node } from '../runners/model.ts';
import type { Case, Reading } from './model.ts';

/** A reading that a criterion may rest on. */
export type ValueReading = Extract<Reading, { kind: 'sample' | 'check' | 'digest' }>;

/** Gate and ledger of one attempt; its size is bounded by the case and its nodes, not by output. */
export interface Expectations {
  /** Takes a value once. @returns why it can't be taken; undefined = taken */
  take(value: ValueReading): string | undefined;
  /** Whether anything was taken from this node. */
  has(node: string): boolean;
  /** What was promised and not taken, e.g. `matmul.gemm.correct on n0001/GPU-5f…`; with the node that owes it, where one does. */
  missing(): readonly { readonly node?: string; readonly what: string }[];
}

/**
 * @param of the case whose `gives` binds
 * @param nodes nodes of the attempt, with accelerators
 */
export function expectations(of: Case, nodes: readonly Node[]): Expectations {
  const owed = new Map<string, { readonly node?: string; readonly what: string }>();
  /** Kinds whose subjects are not known beforehand (links, groups): any one of the kind pays. */
  const open = new Set<string>();
  for (const give of of.gives) {
    const name = [give.as ?? 'sample', give.metric, key(give.parameters ?? of.parameters)];
    const subjects = knownSubjects(give.per, nodes);
    if (subjects === undefined) {
      owed.set([...name, give.per].join(' '), { what: give.metric });
      open.add([...name, give.per].join(' '));
    }
    for (const subject of subjects ?? []) {
      const place = subjectKey(subject);
      owed.set([...name, place].join(' '), {
        node: subject.node,
        what: `${give.metric} ${key(give.parameters ?? of.parameters)} on ${place}`,
      });
    }
  }
  const known = new Set(owed.keys());
  const taken = new Set<string>();
  const speakers = new Set<string>();
  return {
    take(value) {
      const metric = value.kind === 'sample' ? value.metric : value.name;
      const name = [value.kind, metric, key(value.parameters)].join(' ');
      const one = `${name} ${subjectKey(value.subject)}`;
      const any = `${name} ${value.subject.kind}`;
      if (!known.has(one) && !open.has(any)) {
        return `${metric} ${key(value.parameters)} is not what ${of.id} gives`;
      }
      if (taken.has(one)) return `${metric} ${key(value.parameters)} was said twice`;
      taken.add(one);
      owed.delete(one);
      owed.delete(any);
      if ('node' in value.subject) speakers.add(value.subject.node);
      return undefined;
    },
    has: (node) => speakers.has(node),
    missing: () => [...owed.values()],
  };
}

function key(parameters: Parameters): string {
  return parametersKey(parameters);
}

function knownSubjects(per: Subject['kind'], nodes: readonly Node[]) {
  if (per === 'node') return nodes.map((node) => ({ kind: per, node: node.id }) as const);
  if (per !== 'accelerator') return undefined;
  return nodes.flatMap((node) =>
    node.accelerators.map((one) => ({ kind: per, node: node.id, accelerator: one.id }) as const),
  );
}
