/** One attempt's output → readings and outcome; always from the evidence, so that a replay reads the same. */
import type { Origin } from '../plan/model.ts';
import type { Node, Step } from '../runners/model.ts';
import type { Case, Line, Outcome, Reader, Reading, StepExit } from '../suites/model.ts';
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

  constructor(context: ReadContext, units: Units) {
    this.#context = context;
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

  /** Ends one stream. */
  endStream(name: StreamName): void {
    const stream = this.#stream(name);
    for (const text of stream.splitter.flush()) this.#line(stream, text);
  }

  /** Exits of a suite's own steps. */
  #own(exits: readonly StepExit[], suite: string): readonly StepExit[] {
    const { steps } = this.#context;
    return exits.filter((exit) =>
      steps.some(({ index, suite: of }) => index === exit.step && of === suite),
    );
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
    const streams = [...this.#streams.values()].sort((a, b) => compareStreams(a.name, b.name));
    const places = new Places(this.#context.attempt, entries);
    const judged: JudgedReading[] = [];
    const take = (readings: readonly Reading[]) => {
      for (const reading of readings) {
        if (reading.kind !== 'sample') judged.push(reading);
        else {
          const evidence = places.of(reading.at);
          // A reader that points at a stream that was never written would make a number without evidence.
          if (evidence !== undefined) judged.push(sampled(reading, evidence, origin));
        }
      }
    };
    for (const stream of streams) take(stream.readings);
    let outcome: Outcome = { status: 'measured' };
    for (const [suite, reader] of this.#readers) {
      const ended = reader.end(this.#own(exits, suite));
      take(ended.readings);
      if (suite === this.#context.case.suite) outcome = ended.outcome;
    }
    return { readings: judged, outcome };
  }

  #line(stream: Stream, text: string): void {
    const { step, node, stream: kind, suite } = stream.name;
    stream.line += 1;
    const reader = this.#readers.get(suite);
    if (reader === undefined) return;
    const read = reader.line(text, { step, node, stream: kind, line: stream.line });
    for (const one of read) stream.readings.push(one);
  }

  #stream(name: StreamName): Stream {
    const known = this.#streams.get(name.key);
    if (known !== undefined) return known;
    const stream: Stream = { name, splitter: new LineSplitter(), readings: [], line: 0 };
    this.#streams.set(name.key, stream);
    return stream;
  }
}

type Measured = Extract<Reading, { kind: 'sample' }>;
type Judged = Extract<JudgedReading, { kind: 'sample' }>;

/** Field by field: a large fleet gives millions, and a copy by rest and spread costs ten times as much. */
function sampled(
  { metric, subject, parameters, value, iterations, tally, window, at }: Measured,
  { attempt, stream, sha256 }: Place,
  origin: Origin,
): Judged {
  const sample: { -readonly [K in keyof Judged]: Judged[K] } = {
    kind: 'sample',
    metric,
    subject,
    parameters,
    value,
    attempt,
    evidence: { stream, sha256, line: at.line },
    origin,
  };
  if (iterations !== undefined) sample.iterations = iterations;
  if (tally !== undefined) sample.tally = tally;
  if (window !== undefined) sample.window = window;
  return sample;
}

interface Place {
  readonly attempt: string;
  readonly stream: string;
  readonly sha256: string;
}

/** Where the lines of one attempt are kept; most samples follow one of the same stream. */
class Places {
  readonly #attempt: string;
  readonly #entries: readonly StreamEntry[];
  #last: { readonly entry: StreamEntry; readonly place: Place } | undefined;

  constructor(attempt: string, entries: readonly StreamEntry[]) {
    this.#attempt = attempt;
    this.#entries = entries;
  }

  /** undefined: there is no such stream. */
  of(at: Line): Place | undefined {
    if (this.#last !== undefined && isOf(this.#last.entry, at)) return this.#last.place;
    const entry = this.#entries.find((one) => isOf(one, at));
    if (entry === undefined) return undefined;
    const place = { attempt: this.#attempt, stream: entry.key, sha256: entry.sha256 };
    this.#last = { entry, place };
    return place;
  }
}

function isOf(entry: StreamEntry, { step, node, stream }: Line): boolean {
  return entry.step === step && entry.node === node && entry.stream === stream;
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
