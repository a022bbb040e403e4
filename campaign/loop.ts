/** The campaign's loop: inventory, then rounds until the judge asks for no more. */
import type { Expense, Plan } from '../plan/model.ts';
import type { Fleet, Node } from '../runners/model.ts';
import type { Attempt } from '../suites/model.ts';
import type { Finding, Repeatability, Request, Stopped } from '../verdicts/model.ts';
import type { AttemptTools } from './attempt.ts';
import type { FleetFile } from './directory/model.ts';
import type { Follower } from './follower.ts';
import { readJournal } from './journal.ts';
import type { Opened } from './judging.ts';
import type { Progress } from './progress.ts';
import { Reach } from './reach.ts';
import { inventoryRequests } from './requests.ts';
import { Retries } from './retries.ts';
import { type RoundTools, runRound } from './round.ts';
import type { Deadlines } from './schedule/budget.ts';
import { timedCases, TrialNames } from './schedule/trials.ts';
import { type Counting, freshRound, type Round, roundEvent, TakenUp } from './taken-up.ts';
import { UsedSoFar } from './used.ts';
import { watchFleet } from './watch.ts';

/** Seconds from a failure to reach a node to the next try. */
const FIRST_PAUSE = 1;

/** What the loop runs with. */
export interface LoopSetup {
  readonly plan: Plan;
  readonly fleet: Fleet;
  /** The fleet as it was when the run began: a resumed run keeps its nodes and their ids. */
  readonly begun: Opened;
  readonly tools: AttemptTools;
  /** Judges what is on disk. */
  readonly follower: Follower;
  /** Path of the journal of a run that goes on; absent: nothing is in it yet. */
  readonly journal?: string;
  /** fleet.json of an earlier process; absent: its inventory was not through. */
  readonly known?: FleetFile;
  readonly deadlines: Deadlines;
  /** Seconds for which the fleet has been held, earlier processes included. */
  held(): number;
  /** Seconds without any node after which the run ends. */
  readonly patience: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Once, when inventory is done: fleet.json can be written. */
  opened(file: FleetFile): Promise<void>;
  /** Findings that have become a fail. */
  tell(findings: readonly Finding[]): void;
}

/** How the loop ended. */
export interface LoopEnd {
  readonly stop: Stopped | 'decided';
  readonly used: Expense;
  /** As inventoried; absent: stopped before inventory was through. */
  readonly nodes?: ReadonlyMap<string, Node>;
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

/** What is known of the nodes and of what runs on them. */
type Known = Pick<RoundTools, 'nodes' | 'cases' | 'timed'>;

class Loop {
  readonly reach: Reach;
  readonly running: RoundTools['running'] = new Map();
  readonly #setup: LoopSetup;
  readonly #retries: Retries;
  readonly #names = new TrialNames();
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
    const { begun, tools, follower, progress, known: earlier } = this.#setup;
    progress({ kind: 'phase', phase: 'inventory', nodes: begun.nodes.length });
    const base = this.#base();
    const all = earlier === undefined ? base : this.#known(earlier);
    const first = inventoryRequests(tools.units.inventory, begun.nodes);
    const taken = await this.#takeUp(first, all);
    let round = taken?.round ?? 0;
    let known = all;
    if (round > 0 && taken !== undefined) {
      // Its judge reads on meanwhile: who waited for it would leave the fleet idle.
      if (earlier === undefined) known = this.#known(await follower.inventoried());
      const stop = await this.#finish(taken, known);
      if (stop !== undefined) return { stop, nodes: known.nodes };
    } else {
      const stop = await (taken === undefined
        ? this.#begin(0, first, base)
        : this.#finish(taken, base));
      if (stop !== undefined) return { stop };
      const file = await follower.inventoried();
      known = this.#known(file);
      await this.#setup.opened(file);
      this.#used.inventoried(known.nodes);
      round = 0;
    }
    for (;;) {
      round += 1;
      const { requests, repeatability, failed } = await follower.next();
      this.#setup.tell(failed);
      if (requests.length === 0) return { stop: 'decided', nodes: known.nodes };
      await this.#record(round, repeatability);
      const stop = await this.#begin(round, requests, known);
      if (stop !== undefined) return { stop, nodes: known.nodes };
    }
  }

  /** What an earlier process left, from the journal. */
  async #takeUp(inventory: readonly Request[], known: Known): Promise<Round | undefined> {
    const { journal } = this.#setup;
    if (journal === undefined) return undefined;
    if (this.#setup.known !== undefined) this.#used.inventoried(known.nodes);
    const taken = new TakenUp(journal, this.#counting(inventory, known));
    for await (const event of readJournal(journal)) taken.take(event);
    return taken.latest;
  }

  #counting(inventory: readonly Request[], { cases, timed }: Known): Counting {
    return {
      names: this.#names,
      retries: this.#retries,
      used: this.#used,
      cases,
      timed,
      inventory,
    };
  }

  /** Journals a round and runs it. */
  async #begin(round: number, requests: readonly Request[], known: Known) {
    await this.#setup.tools.journal.append(roundEvent(round, requests));
    return this.#finish(freshRound(round, requests, this.#counting([], known)), known);
  }

  /** Runs what is left of a round. @returns why some was not run */
  async #finish({ round, started, todos }: Round, known: Known): Promise<Stopped | undefined> {
    const { tools, progress, plan, fleet, follower } = this.#setup;
    const { deadlines, patience, signal } = this.#setup;
    progress({ kind: 'phase', phase: 'round', round, trials: todos.length });
    const most = [plan.fleet.atOnce, fleet.atOnce].filter((one) => one !== undefined);
    const ended = (attempt: Attempt) => {
      this.#used.attempt(attempt);
      follower.advance(tools.journal.written);
    };
    const stop = await runRound(
      todos,
      {
        ...tools,
        ...known,
        read(order) {
          // That it has the fleet, and the round, is in the journal.
          follower.advance(tools.journal.written);
          return follower.read(order);
        },
        ...(most.length > 0 && { atOnce: Math.min(...most) }),
        shared: sharedMachines(known.nodes),
        reach: this.reach,
        retries: this.#retries,
        running: this.running,
        held: () => this.#setup.held(),
        grace: plan.fleet.grace,
        deadlines,
        patience,
        progress,
        signal,
      },
      ended,
    );
    this.#used.endRound(started, known.timed);
    follower.advance(tools.journal.written);
    return stop;
  }

  async #record(round: number, values: readonly Repeatability[]): Promise<void> {
    if (values.length === 0) return;
    await this.#setup.tools.journal.append({ event: 'repeatability', round, values });
  }

  /** What is known before inventory. */
  #base(): Known {
    const { begun, tools } = this.#setup;
    const cases = tools.units.inventory.cases(begun.nodes);
    return {
      nodes: new Map(begun.nodes.map((node) => [node.id, node])),
      cases: new Map(cases.map((one) => [one.id, one])),
      timed: new Set(),
    };
  }

  /** What is known after it: fleet.json, with the names and addresses of now. */
  #known({ nodes, cases }: FleetFile): Known {
    const { begun, plan } = this.#setup;
    const named = new Map(begun.nodes.map((node) => [node.id, node]));
    return {
      nodes: new Map(
        nodes.map((node): [string, Node] => {
          const { name, fabricAddress } = named.get(node.id) ?? {
            name: node.id,
            fabricAddress: node.id,
          };
          return [node.id, { ...node, name, fabricAddress }];
        }),
      ),
      cases: new Map(cases.map((one) => [one.id, one])),
      timed: timedCases(cases, plan.criteria),
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
