/** Names for subjects: one canonical key each, for maps, files and sorting. */
import { createHash } from 'node:crypto';
import type { Parameters, Subject } from './model.ts';

/** First 12 hex digits of the SHA-256 of the sorted node ids: a short, stable name for a group. */
export function groupKey(nodes: readonly string[]): string {
  return createHash('sha256')
    .update([...nodes].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
}

/** Name of the endpoint that stands on these nodes: the node's, or the group's. */
export function endpointName(nodes: readonly string[]): string {
  return nodes.length === 1 ? (nodes[0] as string) : groupKey(nodes);
}

/** A unique, stable key, e.g. `node:n0001`, `accelerator:n0001/GPU-5f…`, `link:n0001~n0002#3`. */
export function subjectKey(subject: Subject): string {
  switch (subject.kind) {
    case 'accelerator':
      return `accelerator:${subject.node}/${subject.accelerator}`;
    case 'node':
      return `node:${subject.node}`;
    case 'link':
      return `link:${subject.ends.join('~')}${subject.rail === undefined ? '' : `#${subject.rail}`}`;
    case 'group':
      return `group:${groupKey(subject.nodes)}`;
    case 'endpoint':
      return `endpoint:${subject.endpoint}`;
    case 'lot':
      return 'lot';
  }
}

/** The nodes that a subject stands on; empty for the lot. Link ends that are leaves are given as they are. */
export function subjectNodes(subject: Subject): readonly string[] {
  switch (subject.kind) {
    case 'accelerator':
    case 'node':
      return [subject.node];
    case 'link':
      return subject.ends;
    case 'group':
    case 'endpoint':
      return subject.nodes;
    case 'lot':
      return [];
  }
}

/** Parameters as one string with sorted keys: equal parameters, equal string. */
export function parametersKey(parameters: Parameters): string {
  const sorted = Object.keys(parameters).sort();
  return `{${sorted.map((key) => `${JSON.stringify(key)}:${JSON.stringify(parameters[key])}`).join(',')}}`;
}

/** Whether every key of `where` has the same value in `parameters`. */
export function matches(where: Parameters, parameters: Parameters): boolean {
  for (const key in where) if (where[key] !== parameters[key]) return false;
  return true;
}
