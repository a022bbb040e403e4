/**
 * The reader that payload suites share: lines of the protocol → readings, who speaks being known from
 * the session. Keeps no output; what it keeps is bounded by the case and its nodes.
 */
import type { Subject } from '../plan/model.ts';
import type { Node } from '../runners/model.ts';
import { expectations, type ValueReading } from './expectations.ts';
import type { Line, Reader, ReaderContext, Reading } from './model.ts';
import { parseLine, type ProtocolLine } from './protocol.ts';
import { NOT_SUPPORTED, sessionOutcome } from './session-outcome.ts';

/** A line that carries a value: a measured number, a truth or a digest. */
export type ValueLine = Extract<ProtocolLine, { kind: 'sample' | 'check' }>;

/** Who speaks, by the session. */
export interface Speaker {
  readonly node: Node;
  /** Position of the node among the step's nodes. */
  readonly position: number;
}

/** Where a suite differs from "each node speaks for itself and its accelerators". */
export interface SessionRules {
  /**
   * What a value line comes to: readings, none yet (kept by the rules until `gather`), or the reason
   * why the line is broken. Readings are held against `Case.gives` in any case.
   * Default: `ownValue`.
   */
  readonly values?: (
    line: ValueLine,
    speaker: Speaker,
    at: Line,
  ) => readonly ValueReading[] | string;
  /** What a row comes to; readings as for `values`. Default: there are no rows here. */
  readonly rows?: (
    line: Extract<ProtocolLine, { kind: 'row' }>,
    speaker: Speaker,
    at: Line,
  ) => readonly ValueReading[] | string;
  /** Ranks that may speak in a node's progress lines; default 0 … accelerators − 1. */
  readonly ranks?: (speaker: Speaker) => { readonly first: number; readonly count: number };
  /** Values that need every rank (a group's slowest), after the last line. */
  readonly gather?: () => readonly ValueReading[];
}

/** Under this name a real fleet reports a step `on: 'controller'`. */
const CONTROLLER = 'controller';
const FACTS_PER_NODE = 200;
const FACT_LIMIT = 4096;
const HINT_LIMIT = 200;

interface Heard {
  readonly step: number;
  readonly speaker: Speaker;
  facts: number;
  done?: Extract<ProtocolLine, { kind: 'done' }>;
  broken?: string;
  lastLog?: string;
}

/** @param rules left out: every value is about the node that speaks, or one of its accelerators */
export function sessionReader(context: ReaderContext, rules: SessionRules = {}): Reader {
  const expected = expectations(context.case, context.nodes);
  const deciding = context.steps.filter((step) => step.role === 'rank' || step.role === 'load');
  const heard = new Map<string, Heard>();
  for (const step of deciding) {
    const speakers = step.on === 'each-node' ? step.nodes : step.nodes.slice(0, 1);
    speakers.forEach((id, position) => {
      const node = context.nodes.find((one) => one.id === id);
      if (node === undefined) return;
      // A real fleet reports what runs on the controller under its own name.
      const by = step.on === 'controller' ? [id, CONTROLLER] : [id];
      const one = { step: step.index, speaker: { node, position }, facts: 0 };
      for (const name of by) heard.set(`${step.index} ${name}`, one);
    });
  }

  const taken = (values: readonly ValueReading[] | string): readonly ValueReading[] | string => {
    if (typeof values === 'string') return values;
    for (const value of values) {
      const refused = expected.take(value);
      if (refused !== undefined) return refused;
    }
    return values;
  };

  const readings = (line: ProtocolLine, one: Heard, at: Line): readonly Reading[] | string => {
    const { speaker } = one;
    const node = speaker.node.id;
    if (one.done !== undefined) return `a ${line.kind} line after done`;
    switch (line.kind) {
      case 'sample':
      case 'check': {
        return taken((rules.values ?? ownValue)(line, speaker, at));
      }
      case 'row':
        return taken(rules.rows?.(line, speaker, at) ?? 'a row, and none is read here');
      case 'fact': {
        one.facts += 1;
        if (one.facts > FACTS_PER_NODE) return `more than ${FACTS_PER_NODE} facts`;
        const value = line.value.slice(0, FACT_LIMIT);
        return [{ kind: 'fact', node, name: line.name, value }];
      }
      case 'telemetry': {
        const { kind, at: time, field, value, accelerator: index } = line;
        if (index === undefined) return [{ kind, node, at: time, field, value }];
        const accelerator = speaker.node.accelerators.find((each) => each.index === index);
        if (accelerator === undefined) return `no accelerator ${index} on this node`;
        return [{ kind, node, accelerator: accelerator.id, at: time, field, value }];
      }
      case 'progress': {
        const count = Math.max(1, speaker.node.accelerators.length);
        const ranks = rules.ranks?.(speaker) ?? { first: 0, count };
        if (line.rank < ranks.first || line.rank >= ranks.first + ranks.count) {
          return `rank ${line.rank} does not speak here`;
        }
        return [{ ...line, node }];
      }
      case 'log':
        noteLog(one, line.text);
        return [];
      case 'done':
        one.done = line;
        return [];
    }
  };

  // Lines come stream by stream.
  let last: { readonly step: number; readonly node: string; readonly one: Heard | undefined } = {
    step: -1,
    node: '',
    one: undefined,
  };
  const speaking = ({ step, node }: Line): Heard | undefined => {
    if (last.step !== step || last.node !== node) {
      last = { step, node, one: heard.get(`${step} ${node}`) };
    }
    return last.one;
  };

  return {
    line(text, from) {
      const one = speaking(from);
      if (one === undefined) return [];
      const parsed = from.stream === 'stdout' ? parseLine(text) : { log: text };
      if ('log' in parsed) {
        noteLog(one, parsed.log);
        return [];
      }
      // What follows a broken line is not believed; what came before it stays.
      if (one.broken !== undefined) return [];
      const result = 'broken' in parsed ? parsed.broken : readings(parsed.line, one, from);
      if (typeof result !== 'string') return result;
      one.broken = `line ${from.line}: ${result}`;
      return [];
    },

    end(exits) {
      const gathered = (rules.gather?.() ?? []).filter(
        (value) => expected.take(value) === undefined,
      );
      const owing = expected.missing();
      const facts: Reading[] = [];
      const speeches = [...new Set(heard.values())].map((one, place) => {
        const { step, done, broken, lastLog } = one;
        const node = one.speaker.node.id;
        const unsupported = done?.code === NOT_SUPPORTED;
        if (unsupported && !expected.has(node)) {
          const value = `${context.case.id}: not supported here: ${done.message ?? ''}`;
          facts.push({ kind: 'fact', node, name: 'not-supported', value });
        }
        const contradiction = unsupported && expected.has(node) ? 'values, then NOT_SUPPORTED' : '';
        const why = broken ?? (contradiction === '' ? undefined : contradiction);
        // What no single node owes (a group's value) is asked of the first.
        const missing = owing.filter((debt) => (debt.node ?? (place === 0 ? node : '')) === node);
        return {
          step,
          node,
          missing: missing.map(({ what }) => what),
          ...(done && { done }),
          ...(why !== undefined && { broken: why }),
          ...(lastLog !== undefined && { lastLog }),
        };
      });
      const own = exits
        .filter((exit) => deciding.some((step) => step.index === exit.step))
        .map((exit) => ({
          ...exit,
          node: heard.get(`${exit.step} ${exit.node}`)?.speaker.node.id ?? exit.node,
        }));
      return { readings: [...gathered, ...facts], outcome: sessionOutcome(own, speeches) };
    },
  };
}

/** A value about the node that speaks, or the accelerator that it names by index. */
function ownValue(line: ValueLine, speaker: Speaker, at: Line): readonly ValueReading[] | string {
  const subject = subjectOf(speaker.node, line.accelerator);
  if (subject === undefined) return `no accelerator ${line.accelerator} on this node`;
  const { parameters } = line;
  if (line.kind === 'sample') {
    const { metric, value, iterations, tally, window } = line;
    const reading: Measured = { kind: 'sample', metric, subject, parameters, value, at };
    if (iterations !== undefined) reading.iterations = iterations;
    if (tally !== undefined) reading.tally = tally;
    if (window !== undefined) reading.window = window;
    return [reading];
  }
  const { name, ok, digest, detail } = line;
  if (digest !== undefined)
    return [{ kind: 'digest', subject, name, parameters, value: digest, at }];
  return [{ kind: 'check', subject, name, parameters, ok: ok === true, detail, at }];
}

type Measured = {
  -readonly [F in keyof Extract<ValueReading, { kind: 'sample' }>]: Extract<
    ValueReading,
    { kind: 'sample' }
  >[F];
};

/** One object a subject, however many values are about it. */
const subjects = new WeakMap<Node, ReadonlyMap<number | undefined, Subject>>();

/** @returns undefined where the node has no such accelerator */
function subjectOf(node: Node, accelerator: number | undefined): Subject | undefined {
  const known =
    subjects.get(node) ??
    new Map<number | undefined, Subject>([
      [undefined, { kind: 'node', node: node.id }],
      ...node.accelerators.map(
        ({ index, id }) =>
          [index, { kind: 'accelerator', node: node.id, accelerator: id }] as const,
      ),
    ]);
  subjects.set(node, known);
  return known.get(accelerator);
}

function noteLog(one: Heard, text: string): void {
  const said = text.trim().slice(0, HINT_LIMIT);
  if (said !== '') one.lastLog = said;
}
