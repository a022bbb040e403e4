/** One attempt at a trial: places its steps, starts them, keeps what they print, and has it read. */
import type { Exit, Fleet, Node, PlacedStep, Step } from '../runners/model.ts';
import type { Attempt, Case, Outcome, StepExit, Trial } from '../suites/model.ts';
import { deliver, type Delivery, type NotPut } from './delivery.ts';
import type { EvidenceWriter } from './evidence/writer.ts';
import { type Override, stepExit } from './events.ts';
import type { Journal } from './journal.ts';
import { LineCounts } from './line-counts.ts';
import { type Payloads, type Placed, place, type Ports, recordedStep } from './placing.ts';
import type { Clock } from './progress.ts';
import type { Secrets } from './redactor.ts';
import type { ReadOrder, ReadOutcome } from './stored.ts';
import { Taps } from './taps.ts';
import type { Unit, Units } from './units.ts';
import { whenReady } from './ready.ts';

/** What all attempts of a run share. */
export interface AttemptTools {
  readonly fleet: Fleet;
  readonly units: Units;
  readonly journal: Journal;
  readonly evidence: EvidenceWriter;
  readonly secrets: Secrets;
  readonly delivery: Delivery;
  readonly payloads: Payloads;
  readonly ports: Ports;
  readonly clock: Clock;
  /** Seconds, FleetOptions.lease. */
  readonly lease: number;
  /** Programs that the journal already has. */
  readonly programs: Set<string>;
}

/** Who reads what an attempt left in the evidence. */
export interface EvidenceOf {
  read(order: ReadOrder): Promise<ReadOutcome>;
}

/** What is attempted. */
export interface AttemptOrder {
  readonly trial: Trial;
  readonly ordinal: number;
  readonly case: Case;
  readonly unit: Unit;
  /** The trial's nodes, sorted, as known now. */
  readonly nodes: readonly Node[];
  /** Aborted by our own end. */
  readonly signal: AbortSignal;
  /** Something from outside is known of it already: an event, a lost contact. */
  touched(exits: readonly StepExit[]): boolean;
  /** It was measured, and that stands. */
  reached(): undefined;
  /** What is known from outside when the attempt has ended; lays the reader's outcome aside. */
  override(exits: readonly StepExit[], outcome: Outcome): Override | undefined;
}

/** What an attempt gave. */
export interface AttemptResult {
  readonly attempt: Attempt;
  readonly override?: Override;
}

/** Seconds past a step's own limit after which it is stopped from here. */
const OVERTIME = 60;

/**
 * Runs one attempt to its end; everything is on disk before it resolves.
 *
 * @throws {HarnessError} DISK_FULL; what a node does is never thrown
 */
export async function runAttempt(
  order: AttemptOrder,
  tools: AttemptTools & EvidenceOf,
): Promise<AttemptResult> {
  const { trial, ordinal } = order;
  const id = `${trial.id}/${ordinal}`;
  const startedAt = tools.clock.now().toISOString();
  const started = tools.clock.seconds();
  const ports: Record<string, number> = {};
  const placed = await placeAll(order, id, tools, ports);
  await journalStart(order, id, placed, ports, tools);
  const steps = placed.map(({ step }) => step);
  const ready = whenReady(steps, order.nodes, ports);
  const taps = new Taps(id, new LineCounts(ready), tools.evidence, tools.secrets);
  const exits = await runSteps(placed, order, tools, taps, ready);
  const entries = await taps.close();
  // Cut off by our own end: what it says is no outcome.
  const cut = order.signal.aborted;
  const ended: Attempt = {
    id,
    trial,
    ordinal,
    startedAt,
    seconds: lengthOf(exits, tools.fleet.told ? 0 : tools.clock.seconds() - started),
    exits,
  };
  const { outcome: read, settled } = await tools.read({
    attempt: ended,
    steps: steps.map(({ index, suite, on, role, nodes }) => ({ index, suite, on, role, nodes })),
    entries,
    settles: !cut && !order.touched(exits),
  });
  const override = settled ? order.reached() : order.override(exits, read);
  const attempt: Attempt = { ...ended, ...(!cut && { outcome: overridden(read, override) }) };
  await tools.journal.append({
    event: 'attempt-end',
    attempt: id,
    startedAt,
    seconds: attempt.seconds,
    exits,
    ...(attempt.outcome && { outcome: attempt.outcome }),
    ...(override && { override }),
    streams: entries.length,
  });
  return { attempt, ...(override && { override }) };
}

/**
 * Seconds of an attempt: by our clock, or what the fleet says that the programs took, where that is longer.
 *
 * @param seconds by our clock; 0 where nobody waits for programs, so that a simulated attempt has the
 * length that it would have had, and the same one every time
 */
function lengthOf(exits: readonly StepExit[], seconds: number): number {
  const deciding = exits.filter(({ role }) => decides(role));
  return deciding.reduce((most, exit) => Math.max(most, exit.seconds), seconds);
}

/** The outcome that counts: the reader's, or what the campaign knows better. */
export function overridden(outcome: Outcome, override: Override | undefined): Outcome {
  if (override === undefined) return outcome;
  switch (override.by) {
    case 'event': {
      const { kind, detail, nodes } = override.event;
      const code = `FLEET_${kind.toUpperCase()}`;
      return { status: 'failed', owner: 'reach', code, message: detail, suspects: nodes };
    }
    case 'lost': {
      const message = `contact with ${override.nodes.join(', ')} was lost`;
      const { nodes: suspects, code } = override;
      return { status: 'failed', owner: 'reach', code, message, suspects };
    }
    case 'away': {
      const message = `not started: ${override.nodes.join(', ')} can't be reached`;
      const suspects = override.nodes;
      return { status: 'failed', owner: 'reach', code: 'NODE_AWAY', message, suspects };
    }
    case 'grace': {
      const message = `${override.nodes.join(', ')} unreachable for more than ${override.seconds} s`;
      const suspects = override.nodes;
      return { status: 'failed', owner: 'node', code: 'UNREACHABLE', message, suspects };
    }
  }
}

async function placeAll(
  order: AttemptOrder,
  attempt: string,
  tools: AttemptTools,
  ports: Record<string, number>,
): Promise<Placed[]> {
  const nodes = new Map(order.nodes.map((node) => [node.id, node]));
  const companion =
    order.unit.id === tools.units.inventory.id
      ? []
      : (tools.units.companion?.steps(order.case, order.nodes) ?? []);
  // The companion first: it sees the trial from its beginning.
  const steps: readonly Step[] = [...companion, ...order.unit.steps(order.case, order.nodes)];
  const placed: Placed[] = [];
  for (const [index, step] of steps.entries()) {
    const at = { attempt, index, lease: tools.lease };
    placed.push(await place(step, at, { ...tools, nodes, order: order.trial.nodes }, ports));
  }
  return placed;
}

async function journalStart(
  { trial, ordinal }: AttemptOrder,
  attempt: string,
  placed: readonly Placed[],
  ports: Readonly<Record<string, number>>,
  { journal, programs }: AttemptTools,
): Promise<void> {
  for (const { programId, program } of placed) {
    if (programs.has(programId)) continue;
    programs.add(programId);
    await journal.append({ event: 'program', id: programId, program });
  }
  await journal.append({
    event: 'trial-start',
    attempt,
    case: trial.case,
    nodes: trial.nodes,
    trial: trial.id,
    trialOrdinal: trial.ordinal,
    ordinal,
    round: trial.round,
    why: trial.why,
    steps: placed.map((one) => recordedStep(one, trial.nodes)),
    ports,
  });
}

/** Starts the steps in order; rank and load decide the end, server and companion are stopped by it. */
async function runSteps(
  placed: readonly Placed[],
  order: AttemptOrder,
  tools: AttemptTools,
  taps: Taps,
  ready: ReturnType<typeof whenReady>,
): Promise<StepExit[]> {
  const notPut = await unlessAborted(deliver(placed, tools.delivery), order.signal);
  if (notPut.length > 0) return placed.flatMap(({ step }) => notStarted(step, notPut));
  const end = new AbortController();
  // A reason of our own: an AbortError with a stack, once a trial, is a cost at 10,000 nodes.
  const stop = () => end.abort('ended');
  if (order.signal.aborted) stop();
  order.signal.addEventListener('abort', stop, { once: true });
  const longest = Math.max(...placed.map(({ step }) => step.limit));
  const overtime = setTimeout(stop, (longest + OVERTIME) * 1000);
  try {
    return await startAll(placed, tools.fleet, taps, ready, { signal: end.signal, stop });
  } finally {
    clearTimeout(overtime);
    order.signal.removeEventListener('abort', stop);
  }
}

async function startAll(
  placed: readonly Placed[],
  fleet: Fleet,
  taps: Taps,
  ready: ReturnType<typeof whenReady>,
  end: { readonly signal: AbortSignal; readonly stop: () => void },
): Promise<StepExit[]> {
  const ended: Promise<StepExit[]>[] = [];
  const deciding: Promise<unknown>[] = [];
  for (const { step } of placed) {
    const running = fleet
      .start(step, (chunk) => taps.chunk(step, chunk), end.signal)
      .then((exits) => exits.map((exit) => stepExit(exit, step.index, step.role)));
    ended.push(running);
    if (decides(step.role)) deciding.push(running);
    // Without this a rejection while a later step is waited for would be nobody's.
    running.catch(end.stop);
    if (await ready.of(step, running, end.signal)) continue;
    // What was to end the trial is never started: companions would go on to their limit.
    end.stop();
    break;
  }
  await Promise.all(deciding.length > 0 ? deciding : ended);
  end.stop();
  const exits = (await Promise.all(ended)).flat();
  const why = { code: 'NOT_READY', reason: 'a step before it did not become ready' };
  const never = placed.slice(ended.length).flatMap(({ step }) =>
    notStarted(
      step,
      step.nodes.map((node) => ({ node, ...why })),
    ),
  );
  return [...exits, ...never].sort((a, b) => a.step - b.step || a.rank - b.rank);
}

/** What could not be put; nothing when the run ends first: a node that is away would hold it up. */
async function unlessAborted(
  delivered: Promise<readonly NotPut[]>,
  signal: AbortSignal,
): Promise<readonly NotPut[]> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<readonly NotPut[]>((resolve) => {
    stop = () => resolve([]);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([delivered, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}

function notStarted(step: PlacedStep, why: readonly NotPut[]): StepExit[] {
  return step.nodes.map((node, rank) => {
    const own = why.find((one) => one.node === node) ?? why[0];
    const exit: Exit = {
      node,
      rank,
      seconds: 0,
      ended: 'not-started',
      code: own?.code ?? 'NOT_STARTED',
      reason: own?.node === node ? own.reason : `not started: ${own?.node ?? 'another'} was not`,
    };
    return stepExit(exit, step.index, step.role);
  });
}

function decides(role: Step['role']): boolean {
  return role === 'rank' || role === 'load';
}
