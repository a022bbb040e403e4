/** What a case promises (`Case.gives`), as a gate for what its nodes print and a list of what is missing. */
import type { Parameters, Subject } from '../plan/model.ts';
import { matches, parametersKey, subjectKey } from '../plan/subject.ts';
import type { Node } from '../runners/model.ts';
import type { Case, Reading } from './model.ts';

/** A reading that a criterion may rest on. */
export type ValueReading = Extract<Reading, { kind: 'sample' | 'check' | 'digest' }>;

/** Gate and ledger of one attempt; its size is bounded by the case and its nodes, not by output. */
export interface Expectations {
  /** Takes a value once, and gives it the promise's own parameters. @returns why it can't be taken; undefined = taken */
  take(value: ValueReading): string | undefined;
  /** Whether anything was taken from this node. */
  has(node: string): boolean;
  /** What was promised and not taken, e.g. `matmul.gemm.correct on n0001/GPU-5f…`; with the node that owes it, where one does. */
  missing(): readonly { readonly node?: string; readonly what: string }[];
}

/** A row of `Case.gives`, prepared once a case: a large fleet makes a reader of it for every attempt. */
interface Promised {
  readonly metric: string;
  readonly per: Subject['kind'];
  readonly parameters: Parameters;
  readonly size: number;
}

/** Equal promises once. */
interface Promises {
  /** By kind, then name. */
  readonly by: ReadonlyMap<ValueReading['kind'], ReadonlyMap<string, readonly Promised[]>>;
  /** Those of one kind and name after each other. */
  readonly all: readonly Promised[];
}

/**
 * @param of the case whose `gives` binds
 * @param nodes nodes of the attempt, with accelerators
 */
export function expectations(of: Case, nodes: readonly Node[]): Expectations {
  const { by, all } = promisesOf(of);
  /** Promise → keys of the subjects that it was taken for. */
  const taken = new Map<Promised, Set<string>>();
  const speakers = new Set<string>();
  return {
    take(value) {
      const name = value.kind === 'sample' ? value.metric : value.name;
      const { subject, parameters } = value;
      const one = by
        .get(value.kind)
        ?.get(name)
        ?.find((each) => each.per === subject.kind && same(each, parameters));
      if (one === undefined || !isThere(subject, nodes)) {
        return `${name} ${parametersKey(parameters)} is not what ${of.id} gives`;
      }
      const place = placeOf(subject);
      const own = taken.get(one);
      if (own === undefined) taken.set(one, new Set([place]));
      else if (own.has(place)) return `${name} ${parametersKey(parameters)} was said twice`;
      else own.add(place);
      if ('node' in subject) speakers.add(subject.node);
      // Equal ones are one object from here on: a large fleet gives millions of values.
      (value as { parameters: Parameters }).parameters = one.parameters;
      return undefined;
    },
    has: (node) => speakers.has(node),
    missing: () =>
      all.flatMap((one) => {
        const own = taken.get(one);
        const subjects = knownSubjects(one.per, nodes);
        // Links and groups are not known beforehand: any one of the kind pays.
        if (subjects === undefined) return own === undefined ? [{ what: one.metric }] : [];
        return subjects
          .filter((subject) => own?.has(placeOf(subject)) !== true)
          .map((subject) => ({
            node: subject.node,
            what: `${one.metric} ${parametersKey(one.parameters)} on ${subjectKey(subject)}`,
          }));
      }),
  };
}

const prepared = new WeakMap<Case, Promises>();

function promisesOf(of: Case): Promises {
  const known = prepared.get(of);
  if (known !== undefined) return known;
  const by = new Map<ValueReading['kind'], Map<string, Promised[]>>();
  const lists: Promised[][] = [];
  for (const { as = 'sample', metric, per, parameters = of.parameters } of of.gives) {
    const byName = by.get(as) ?? new Map<string, Promised[]>();
    by.set(as, byName);
    const one = { metric, per, parameters, size: Object.keys(parameters).length };
    let own = byName.get(metric);
    if (own === undefined) {
      own = [];
      byName.set(metric, own);
      lists.push(own);
    }
    if (!own.some((each) => each.per === per && same(each, parameters))) own.push(one);
  }
  const promises = { by, all: lists.flat() };
  prepared.set(of, promises);
  return promises;
}

function same(one: Promised, parameters: Parameters): boolean {
  let size = 0;
  for (const _ in parameters) size += 1;
  return size === one.size && matches(one.parameters, parameters);
}

/** Of nodes and accelerators it is known beforehand which there are. */
function isThere(subject: Subject, nodes: readonly Node[]): boolean {
  switch (subject.kind) {
    case 'node':
      return nodes.some((node) => node.id === subject.node);
    case 'accelerator':
      return nodes.some(
        (node) =>
          node.id === subject.node &&
          node.accelerators.some((one) => one.id === subject.accelerator),
      );
    case 'link':
    case 'group':
    case 'endpoint':
    case 'lot':
      return true;
  }
}

/** Unique among the subjects of one kind. */
function placeOf(subject: Subject): string {
  return subject.kind === 'accelerator' ? subject.accelerator : subjectKey(subject);
}

function knownSubjects(per: Subject['kind'], nodes: readonly Node[]) {
  if (per === 'node') return nodes.map((node) => ({ kind: per, node: node.id }) as const);
  if (per !== 'accelerator') return undefined;
  return nodes.flatMap((node) =>
    node.accelerators.map((one) => ({ kind: per, node: node.id, accelerator: one.id }) as const),
  );
}
