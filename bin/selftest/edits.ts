/** Ways to break the bytes of a simulated process; each is an edit on the lines that it prints. */
import type { Edit, Place } from './model.ts';

/** A line of the protocol as it is printed: unchecked. */
export type Printed = Record<string, unknown>;

/** Which processes an edit is about. */
export type Which = (place: Place) => boolean;

/** The processes of a suite's steps on one node; `inventory` and `companion` are suites here too. */
export function ofNode(node: string, suite?: string): Which {
  return (place) =>
    place.node === node &&
    (suite === undefined
      ? place.step.suite !== 'inventory' && place.step.role !== 'companion'
      : place.step.suite === suite);
}

/** The processes that measure one of these cases on a node. */
export function ofCases(node: string, cases: ReadonlySet<string>): Which {
  const measures = ofNode(node);
  return (place) => measures(place) && cases.has(place.step.case);
}

/** `done` of a payload that could not do its work. */
export function done(owner: 'harness' | 'node', code: string): string {
  return JSON.stringify({ assay: 1, kind: 'done', ok: false, owner, code, message: 'selftest' });
}

/** Another output altogether. */
export function output(
  which: Which,
  change: (lines: readonly string[]) => readonly string[],
): Edit {
  return (lines, place) => (which(place) ? change(lines) : lines);
}

/** Line by line: the same, another, several, or undefined for none. What is no JSON stays. */
export function records(
  which: Which,
  change: (line: Printed, place: Place) => Printed | readonly Printed[] | undefined,
): Edit {
  return (lines, place) =>
    which(place)
      ? lines.flatMap((text) => {
          if (!text.startsWith('{')) return [text];
          const line = JSON.parse(text) as Printed;
          const changed = change(line, place);
          if (changed === undefined) return [];
          if (changed === line) return [text];
          const several = Array.isArray(changed) ? (changed as readonly Printed[]) : [changed];
          return several.map((one) => JSON.stringify(one));
        })
      : lines;
}

/** The text of one source of the inventory (`dmi`, `nvidia-smi -q -x` …), which is printed in parts. */
export function inventoried(
  node: string,
  source: string,
  change: (text: string) => string | undefined,
): Edit {
  return output(ofNode(node, 'inventory'), (lines) => {
    const parts = lines.filter((text) => isPart(text, source));
    const [first] = parts;
    if (first === undefined) return lines;
    const whole = parts.map((text) => String((JSON.parse(text) as Printed)['text'])).join('');
    const changed = change(whole);
    const head = JSON.parse(first) as Printed;
    const one = JSON.stringify({ ...head, part: 0, last: true, text: changed });
    const at = lines.indexOf(first);
    return [
      ...lines.slice(0, at),
      ...(changed === undefined ? [] : [one]),
      ...lines.slice(at).filter((text) => !isPart(text, source)),
    ];
  });
}

function isPart(text: string, source: string): boolean {
  if (!text.startsWith('{')) return false;
  const line = JSON.parse(text) as Printed;
  return line['kind'] === 'output' && line['source'] === source;
}
