/** One attempt's output → readings and outcome; fed live and in replay, the same both times. */
import type { Origin } from '../plan/model.ts';
import type { Node, Step } from '../runners/model.ts';
import type { Case, Outcome, Reader, Reading, StepExit } from '../suites/model.ts';
import type { JudgedReading } from '../verdicts/model.ts';
import type { StreamEntry } from './directory/model.ts';
import type { StreamName } from './evidence/writer.ts';
import { LineSplitter } from './lines.ts';
import { type Units, unitOf } from './units.ts';

/** A step as readers know it. */
export interface ReadStep {
  readonly index: number;
  readonly suite: string;
  readonly nodes: readonly string[];
  readonly on: Step['on'];
  readonly role: Step['role'];
}

/** What a reader is told of an attempt. */
export interface ReadContext {
  readonly attempt: string;
  readonly case: Case;
  /** The trial's nodes, sorted by id. */
  readonly nodes: readonly Node[];
  readonly steps: readonly ReadStep[];
}

interface Stream {
  readonly name: StreamName;
  readonly splitter: LineSplitter;
  readonly readings: Reading[];
  line: number;
}

/** Collects an attempt's readings, stream by stream. */
export class AttemptReadings {
  readonly #context: ReadContext;
  readonly #readers = new Map<string, Reader>();
  readonly #streams = new Map<string, Stream>();
  readonly #onLine: ((step: number, text: string) => void) | undefined;

  /** @param onLine sees every line, for steps that wait for one */
  constructor(context: ReadContext, units: Units, onLine?: (step: number, text: string) => void) {
    this.#context = context;
    this.#onLine = onLine;
    for (const id of new Set(context.steps.map((step) => step.suite))) {
      const unit = unitOf(units, id);
      if (unit === undefined) continue;
      const { attempt, case: of, nodes } = context;
      const steps = context.steps.filter((step) => step.suite === id);
      this.#readers.set(id, unit.reader({ attempt, case: of, nodes, steps }));
    }
  }

  /** Bytes of one stream, in order, as they are in the evidence. */
  bytes(name: StreamName, bytes: Uint8Array): void {
    const stream = this.#stream(name);
    for (const text of stream.splitter.push(bytes)) this.#line(stream, text);
  }

  /** Ends one stream. @returns how many lines it had */
  endStream(name: StreamName): number {
    const stream = this.#stream(name);
    for (const text of stream.splitter.flush()) this.#line(stream, text);
    return stream.splitter.lines;
  }

  /**
   * After all exits. Readings come in the order of step, node and stream, whatever came first.
   *
   * @param entries the attempt's streams in the evidence: samples point at them
   */
  end(
    exits: readonly StepExit[],
    entries: readonly StreamEntry[],
    origin: Origin,
  ): { readonly readings: readonly JudgedReading[]; readonly outcome: Outcome } {
    const readings = [...this.#streams.values()]
      .sort((a, b) => compareStreams(a.name, b.name))
      .flatMap((stream) => stream.readings);
    let outcome: Outcome = { status: 'measured' };
    for (const [suite, reader] of this.#readers) {
      const own = new Set(
        this.#context.steps.filter((step) => step.suite === suite).map((step) => step.index),
      );
      const ended = reader.end(exits.filter((exit) => own.has(exit.step)));
      readings.push(...ended.readings);
      if (suite === this.#context.case.suite) outcome = ended.outcome;
    }
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    return {
      readings: readings.map((one) => this.#judged(one, byKey, origin)).filter(isPresent),
      outcome,
    };
  }

  #line(stream: Stream, text: string): void {
    const { step, node, stream: kind, suite } = stream.name;
    stream.line += 1;
    this.#onLine?.(step, text);
    const reader = this.#readers.get(suite);
    if (reader === undefined) return;
    stream.readings.push(...reader.line(text, { step, node, stream: kind, line: stream.line }));
  }

  #stream(name: StreamName): Stream {
    const known = this.#streams.get(name.key);
    if (known !== undefined) return known;
    const stream: Stream = { name, splitter: new LineSplitter(), readings: [], line: 0 };
    this.#streams.set(name.key, stream);
    return stream;
  }

  #judged(
    reading: Reading,
    entries: ReadonlyMap<string, StreamEntry>,
    origin: Origin,
  ): JudgedReading | undefined {
    if (reading.kind !== 'sample') return reading;
    const { at, ...sample } = reading;
    const { attempt } = this.#context;
    const stream = streamKey(attempt, at.step, at.node, at.stream);
    const entry = entries.get(stream);
    // A reader that points at a stream that was never written would make a number without evidence.
    if (entry === undefined) return undefined;
    const evidence = { stream, sha256: entry.sha256, line: at.line };
    return { ...sample, attempt, evidence, origin };
  }
}

/** `<attempt>/<step>.<node>.<stream>` */
export function streamKey(
  attempt: string,
  step: number,
  node: string,
  stream: 'stdout' | 'stderr',
): string {
  return `${attempt}/${step}.${node}.${stream}`;
}

/** Order of an attempt's streams: step, node, stderr before stdout. */
export function compareStreams(
  a: Pick<StreamEntry, 'step' | 'node' | 'stream'>,
  b: Pick<StreamEntry, 'step' | 'node' | 'stream'>,
): number {
  return a.step - b.step || compare(a.node, b.node) || compare(a.stream, b.stream);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
