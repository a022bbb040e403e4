/** The campaign's loop: inventory, then rounds until the judge asks for no more. */
import type { Expense, Plan } from '../plan/model.ts';
import { subjectKey } from '../plan/subject.ts';
import type { Fleet } from '../runners/model.ts';
import type { Attempt } from '../suites/model.ts';
import type { Finding, JudgedReading, Repeatability, Request, Stopped } from '../verdicts/model.ts';
import type { AttemptTools } from './attempt.ts';
import type { EvidenceReader } from './evidence/reader.ts';
import { type Inventoried, type Judging, type Opened, openJudging } from './judging.ts';
import type { Progress } from './progress.ts';
import { Reach } from './reach.ts';
import { countTrials, inventoryRequests, requestsHash } from './requests.ts';
import { Retries } from './retries.ts';
import { type RoundTools, runRound, type Todo } from './round.ts';
import type { Deadlines } from './schedule/budget.ts';
import { startOrder, TrialNames } from './schedule/trials.ts';
import { type AttemptOnDisk, rereadAttempt, type StoredRound } from './stored.ts';
import type { CreateJudge } from './units.ts';
import { UsedSoFar } from './used.ts';
import { watchFleet } from './watch.ts';

/** Seconds from a failure to reach a node to the next try. */
const FIRST_PAUSE = 1;

/** What the loop runs with; the judge is an argument. */
export interface LoopSetup {
  readonly plan: Plan;
  readonly fleet: Fleet;
  /** The fleet as it was when the run began: a resumed run keeps its nodes and their ids. */
  readonly begun: Opened;
  readonly tools: AttemptTools;
  readonly createJudge: CreateJudge;
  /** Rounds of this run that are on disk. */
  readonly stored: AsyncIterator<StoredRound>;
  readonly evidence: EvidenceReader;
  readonly deadlines: Deadlines;
  /** Seconds for which the fleet has been held, earlier processes included. */
  held(): number;
  /** Seconds without any node after which the run ends. */
  readonly patience: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Once, when inventory is done: fleet.json can be written. */
  opened(judging: Judging): Promise<void>;
  /** A finding has become a fail. */
  tell(finding: Finding): Promise<void>;
}

/** How the loop ended. */
export interface LoopEnd {
  readonly stop: Stopped | 'decided';
  readonly used: Expense;
  /** Absent: stopped before inventory was through. */
  readonly judging?: Judging;
}

/**
 * Runs the campaign to its end; everything that was measured is on disk when it resolves or throws.
 *
 * @throws {HarnessError} FLEET_UNREACHABLE, DISK_FULL
 */
export async function runLoop(setup: LoopSetup): Promise<LoopEnd> {
  const loop = new Loop(setup);
  const watching = watchFleet(setup.fleet, loop.reach, loop.running, setup.tools, setup.signal);
  try {
    return await loop.run();
  } finally {
    await watching.stop();
  }
}

class Loop {
  readonly reach: Reach;
  readonly running: RoundTools['running'] = new Map();
  readonly #setup: LoopSetup;
  readonly #retries: Retries;
  readonly #names = new TrialNames();
  readonly #told = new Set<string>();
  readonly #used: UsedSoFar;

  constructor(setup: LoopSetup) {
    const { begun, plan } = setup;
    this.#setup = setup;
    this.reach = new Reach(begun.nodes.length, plan.fleet.grace, FIRST_PAUSE);
    this.#retries = new Retries(begun.nodes.length);
    this.#used = new UsedSoFar(plan, begun.nodes);
  }

  async run(): Promise<LoopEnd> {
    const end = await this.#run();
    return { ...end, used: this.#used.total(this.#setup.held()) };
  }

  async #run(): Promise<Omit<LoopEnd, 'used'>> {
    const { begun, plan, tools, createJudge, progress } = this.#setup;
    const inventory: Inventoried[] = [];
    progress({ kind: 'phase', phase: 'inventory', nodes: begun.nodes.length });
    const first = await this.#round(0, inventoryRequests(tools.units.inventory, begun.nodes), {
      ...this.#base(),
      observe: (attempt, readings) => void inventory.push({ attempt, readings }),
    });
    if (first !== undefined) return { stop: first };
    inventory.sort((a, b) => (a.attempt.id < b.attempt.id ? -1 : 1));
    const judging = openJudging(plan, begun, tools.units, inventory, createJudge);
    await this.#setup.opened(judging);
    this.#used.inventoried(judging.nodes);
    for (let round = 1; ; round += 1) {
      const { requests, repeatability, failed } = judging.judge.next();
      for (const finding of failed) await this.#tell(finding);
      if (requests.length === 0) return { stop: 'decided', judging };
      await this.#record(round, repeatability);
      const stop = await this.#round(round, requests, {
        nodes: judging.nodes,
        origin: judging.origin,
        cases: judging.cases,
        timed: judging.timed,
        observe: async (attempt, readings) => {
          for (const finding of judging.judge.observe(attempt, readings)) await this.#tell(finding);
        },
      });
      if (stop !== undefined) return { stop, judging };
    }
  }

  /** Takes what is on disk of a round, then runs the rest. */
  async #round(
    round: number,
    requests: readonly Request[],
    judged: Pick<RoundTools, 'nodes' | 'origin' | 'cases' | 'timed'> & {
      observe(attempt: Attempt, readings: readonly JudgedReading[]): Promise<void> | void;
    },
  ): Promise<Stopped | undefined> {
    const { tools, progress, plan } = this.#setup;
    const known: typeof judged = {
      ...judged,
      observe: (attempt, readings) => {
        this.#used.attempt(attempt);
        return judged.observe(attempt, readings);
      },
    };
    const trials = this.#names.name(requests, round);
    const onDisk = await this.#stored(round, requests);
    const todos: Todo[] = [];
    const started = startOrder(trials, known.cases);
    for (const trial of started) {
      const attempts = onDisk.get(trial.id) ?? [];
      const todo = await this.#takeStored({ trial, ordinal: 0, tries: 0 }, attempts, known);
      if (todo !== undefined) todos.push(todo);
    }
    progress({ kind: 'phase', phase: 'round', round, trials: todos.length });
    const { grace } = plan.fleet;
    const { deadlines, patience, signal, fleet } = this.#setup;
    const most = [plan.fleet.atOnce, fleet.atOnce].filter((one) => one !== undefined);
    const stop = await runRound(
      todos,
      {
        ...tools,
        ...known,
        ...(most.length > 0 && { atOnce: Math.min(...most) }),
        shared: sharedMachines(known.nodes),
        reach: this.reach,
        retries: this.#retries,
        running: this.running,
        held: () => this.#setup.held(),
        grace,
        deadlines,
        patience,
        progress,
        signal,
      },
      (attempt, readings) => known.observe(attempt, readings),
    );
    this.#used.endRound(started, known.timed);
    return stop;
  }

  /** Attempts of this round that are on disk, by trial; a new round is journalled. */
  async #stored(round: number, requests: readonly Request[]) {
    const asked = requestsHash(requests);
    const { value, done } = await this.#setup.stored.next();
    const byTrial = new Map<string, AttemptOnDisk[]>();
    if (done === true) {
      const trials = countTrials(requests);
      await this.#setup.tools.journal.append({ event: 'round', round, trials, requests: asked });
      return byTrial;
    }
    if (value.round !== round || value.requests !== asked) {
      throw new Error(`round ${round} on disk was asked for by other requests`);
    }
    for (const one of value.attempts) {
      const own = byTrial.get(one.attempt.trial.id) ?? [];
      own.push(one);
      byTrial.set(one.attempt.trial.id, own);
    }
    return byTrial;
  }

  /** Observes a trial's attempts on disk. @returns what is left to do; undefined: nothing */
  async #takeStored(
    todo: Todo,
    attempts: readonly AttemptOnDisk[],
    known: Pick<RoundTools, 'nodes' | 'origin' | 'cases'> & {
      observe(attempt: Attempt, readings: readonly JudgedReading[]): Promise<void> | void;
    },
  ): Promise<Todo | undefined> {
    let { tries } = todo;
    let finished = false;
    for (const stored of attempts) {
      const { attempt, reopened } = stored;
      if (attempt.outcome === undefined) continue;
      const { readings } = await this.#reread(stored, known);
      await known.observe(attempt, readings);
      const reach = attempt.outcome.status === 'failed' && attempt.outcome.owner === 'reach';
      tries = reopened && reach ? 0 : tries + 1;
      finished = !this.#retries.again(todo.trial, attempt.outcome, tries) && !(reopened && reach);
    }
    return finished ? undefined : { trial: todo.trial, ordinal: attempts.length, tries };
  }

  async #reread(stored: AttemptOnDisk, known: Pick<RoundTools, 'nodes' | 'origin' | 'cases'>) {
    const one = known.cases.get(stored.attempt.trial.case);
    if (one === undefined || stored.steps.length === 0) return { readings: [] };
    const { evidence, tools } = this.#setup;
    const { nodes, origin } = known;
    return rereadAttempt(stored, { case: one, nodes, origin, units: tools.units, evidence });
  }

  async #record(round: number, values: readonly Repeatability[]): Promise<void> {
    if (values.length === 0) return;
    await this.#setup.tools.journal.append({ event: 'repeatability', round, values });
  }

  async #tell(finding: Finding): Promise<void> {
    const key = `${finding.criterion} ${subjectKey(finding.subject)}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    await this.#setup.tell(finding);
  }

  /** What is known before inventory. */
  #base(): Pick<RoundTools, 'nodes' | 'origin' | 'cases' | 'timed'> {
    const { begun, tools } = this.#setup;
    const cases = tools.units.inventory.cases(begun.nodes);
    return {
      nodes: new Map(begun.nodes.map((node) => [node.id, node])),
      origin: begun.origin,
      cases: new Map(cases.map((one) => [one.id, one])),
      timed: new Set(),
    };
  }
}

function sharedMachines(nodes: RoundTools['nodes']): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { machine } of nodes.values()) {
    if (machine === undefined) continue;
    if (seen.has(machine)) shared.add(machine);
    seen.add(machine);
  }
  return shared;
}
