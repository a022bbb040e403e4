/** One round of trials on a live fleet: what is on disk is taken from there, the rest is run. */
import { setMaxListeners } from 'node:events';
import { HarnessError } from '../plan/errors.ts';
import type { FleetEvent, Node } from '../runners/model.ts';
import type { Attempt, Case, Outcome, StepExit, Trial } from '../suites/model.ts';
import type { Stopped } from '../verdicts/model.ts';
import { type AttemptTools, type EvidenceOf, overridden, runAttempt } from './attempt.ts';
import { Eta } from './eta.ts';
import type { Override } from './events.ts';
import type { Progress } from './progress.ts';
import type { Reach } from './reach.ts';
import type { Retries } from './retries.ts';
import { type Deadlines, refusal } from './schedule/budget.ts';
import type { Claim } from './schedule/claims.ts';
import { runPool } from './schedule/pool.ts';
import { type Unit, unitOf } from './units.ts';

/** What a round runs with. */
export interface RoundTools extends AttemptTools, EvidenceOf {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly cases: ReadonlyMap<string, Case>;
  readonly timed: ReadonlySet<string>;
  /** Machines that more than one node runs on. */
  readonly shared: ReadonlySet<string>;
  readonly reach: Reach;
  readonly retries: Retries;
  /** Attempts under way by node: fleet events mark them. */
  readonly running: Map<string, { event?: FleetEvent }>;
  readonly deadlines: Deadlines;
  /** Seconds for which the fleet has been held. */
  held(): number;
  /** Seconds, FleetOptions.grace. */
  readonly grace: number;
  /** Seconds without any node after which the run ends. */
  readonly patience: number;
  readonly atOnce?: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A trial with what was tried before. */
export interface Todo {
  readonly trial: Trial;
  /** Attempts on disk: the next one's ordinal. */
  readonly ordinal: number;
  /** Of these, those that count against the limit of attempts. */
  readonly tries: number;
}

/** Gets each attempt with an outcome, as it ends. */
export type Observer = (attempt: Attempt) => void;

/**
 * Runs trials, in the order given where they claim the same nodes.
 *
 * @returns why some were not run; undefined: all were
 * @throws {HarnessError} FLEET_UNREACHABLE, DISK_FULL; what had ended is on disk
 */
export async function runRound(
  todos: readonly Todo[],
  tools: RoundTools,
  observe: Observer,
): Promise<Stopped | undefined> {
  const failure = new AbortController();
  const signal = AbortSignal.any([tools.signal, failure.signal]);
  // Every attempt under way listens.
  setMaxListeners(0, signal);
  const expected = ({ trial }: Todo) => caseOf(trial, tools).expected;
  const eta = new Eta(todos.map(expected), tools.clock, tools.progress);
  let refused: Stopped | undefined;
  const left = await runPool(todos, {
    ...(tools.atOnce !== undefined && { atOnce: tools.atOnce }),
    signal,
    claim: (todo) => claimOf(todo.trial, tools),
    admit(todo) {
      const why = refusal(tools.deadlines, tools.held(), caseOf(todo.trial, tools).expected);
      refused ??= why;
      return why === undefined;
    },
    async run(todo) {
      try {
        await runTrial(todo, { ...tools, signal }, observe);
        eta.ended(expected(todo));
      } catch (error) {
        failure.abort();
        throw error;
      }
    },
  });
  if (tools.signal.aborted) return 'interrupted';
  return left.length > 0 ? refused : undefined;
}

async function runTrial(todo: Todo, tools: RoundTools, observe: Observer): Promise<void> {
  const { trial } = todo;
  let { ordinal, tries } = todo;
  const { reach, clock, signal } = tools;
  while (!signal.aborted) {
    if ((reach.allAway(clock.seconds()) ?? -1) >= tools.patience) throw unreachable(tools);
    const away = reach.away(trial.nodes, clock.seconds());
    if (away.length > 0) {
      if (tries === 0 && reach.allAway(clock.seconds()) === undefined) {
        const attempt = await skip(trial, ordinal, away, tools);
        observe(attempt);
        return;
      }
      await pause(tools);
      continue;
    }
    const { attempt } = await oneAttempt(trial, ordinal, tools);
    if (attempt.outcome === undefined) return;
    observe(attempt);
    ordinal += 1;
    tries += 1;
    const again = tools.retries.again(trial, attempt.outcome, tries);
    const lostAll = isReach(attempt.outcome) && reach.allAway(clock.seconds()) !== undefined;
    if (!again && !lostAll) return;
  }
}

async function oneAttempt(trial: Trial, ordinal: number, tools: RoundTools) {
  const { running, reach, clock } = tools;
  const one = caseOf(trial, tools);
  const mark: { event?: FleetEvent } = {};
  for (const node of trial.nodes) running.set(node, mark);
  const attempt = `${trial.id}/${ordinal}`;
  tools.progress({ kind: 'attempt-start', attempt, case: trial.case, nodes: trial.nodes });
  try {
    const result = await runAttempt(
      {
        trial,
        ordinal,
        case: one,
        unit: unit(one, tools),
        nodes: trial.nodes.map((id) => node(id, tools)),
        signal: tools.signal,
        touched: (exits) => knownBetter(mark.event, exits, { status: 'measured' }) !== undefined,
        reached() {
          reach.reached(trial.nodes);
          return undefined;
        },
        override(exits, outcome) {
          const now = clock.seconds();
          const known = knownBetter(mark.event, exits, outcome);
          const final = overridden(outcome, known);
          if (!isReach(final)) {
            reach.reached(trial.nodes);
            return known;
          }
          reach.failed(final.suspects, now, LENT.has(final.code));
          return pastGrace(final.suspects, tools) ?? known;
        },
      },
      tools,
    );
    tools.progress({ kind: 'attempt-end', attempt: result.attempt });
    return result;
  } finally {
    for (const node of trial.nodes) running.delete(node);
  }
}

/** An attempt that is not made: its nodes are away. It is on record like any other. */
async function skip(
  trial: Trial,
  ordinal: number,
  away: readonly string[],
  tools: RoundTools,
): Promise<Attempt> {
  const override = pastGrace(away, tools) ?? { by: 'away' as const, nodes: away };
  const outcome = overridden({ status: 'measured' }, override);
  const id = `${trial.id}/${ordinal}`;
  const startedAt = tools.clock.now().toISOString();
  const attempt: Attempt = { id, trial, ordinal, startedAt, seconds: 0, exits: [], outcome };
  const { case: of, nodes, ordinal: trialOrdinal, round, why } = trial;
  await tools.journal.append({
    event: 'trial-start',
    attempt: id,
    case: of,
    nodes,
    trial: trial.id,
    trialOrdinal,
    ordinal,
    round,
    why,
    steps: [],
    ports: {},
  });
  await tools.journal.append({
    event: 'attempt-end',
    attempt: id,
    startedAt,
    seconds: 0,
    exits: [],
    outcome,
    override,
    streams: 0,
  });
  tools.progress({ kind: 'attempt-end', attempt });
  return attempt;
}

/** A fleet event that touched the trial, or a lost contact, is reach whatever the reader made of it. */
function knownBetter(
  event: FleetEvent | undefined,
  exits: readonly StepExit[],
  outcome: Outcome,
): Override | undefined {
  if (event !== undefined) return { by: 'event', event };
  const lost = exits.filter((exit) => exit.ended === 'lost' && exit.role !== 'companion');
  const [first] = lost;
  if (first?.ended !== 'lost' || isReach(outcome)) return undefined;
  return {
    by: 'lost',
    nodes: [...new Set(lost.map((exit) => exit.node))].sort(),
    code: first.code,
  };
}

function pastGrace(nodes: readonly string[], tools: RoundTools): Override | undefined {
  const past = tools.reach.past(nodes, tools.clock.seconds());
  return past.length === 0 ? undefined : { by: 'grace', nodes: past, seconds: tools.grace };
}

/** Others use the node: a scheduler took it back, or did not give it. */
const LENT: ReadonlySet<string> = new Set(['FLEET_PREEMPTED', 'PROVIDER_NO_CAPACITY']);

type ReachOutcome = Extract<Outcome, { status: 'failed' }>;

/** Reach, or what it became past the grace. */
function isReach(outcome: Outcome): outcome is ReachOutcome {
  return (
    outcome.status === 'failed' && (outcome.owner === 'reach' || outcome.code === 'UNREACHABLE')
  );
}

function claimOf({ nodes, case: of }: Trial, tools: RoundTools): Claim {
  const machines = [...new Set(nodes.map((one) => tools.nodes.get(one)?.machine))]
    .filter((machine) => machine !== undefined)
    .filter((machine) => tools.shared.has(machine));
  return { nodes, machines, alone: tools.timed.has(of) };
}

function caseOf(trial: Trial, tools: RoundTools): Case {
  const one = tools.cases.get(trial.case);
  if (one === undefined) throw new Error(`the judge asked for the unknown case ${trial.case}`);
  return one;
}

function unit(of: Case, tools: RoundTools): Unit {
  const found = unitOf(tools.units, of.suite);
  if (found === undefined) throw new Error(`case ${of.id} is of the unknown suite ${of.suite}`);
  return found;
}

function node(id: string, tools: RoundTools): Node {
  const found = tools.nodes.get(id);
  if (found === undefined) throw new Error(`a trial names the unknown node ${id}`);
  return found;
}

async function pause({ clock, signal }: RoundTools): Promise<void> {
  try {
    await clock.sleep(0.5, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function unreachable(tools: RoundTools): HarnessError {
  const seconds = Math.round(tools.patience);
  return new HarnessError(
    'FLEET_UNREACHABLE',
    `none of ${tools.nodes.size} nodes could be reached for ${seconds} s`,
    { hint: 'Mend the network, then go on with `assay resume`; what was measured is kept.' },
  );
}
