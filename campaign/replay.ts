/** Evidence → the suites' readers → judge: the one replay behind accept's end, judge, verify and explain. */
import { join } from 'node:path';
import type { Plan } from '../plan/model.ts';
import type { Attempt, Outcome } from '../suites/model.ts';
import type { Finding, Judge, JudgedReading, Judgement, Stopped } from '../verdicts/model.ts';
import { overridden } from './attempt.ts';
import { unreadable } from './directory/json.ts';
import type { PrivateFile, StreamEntry } from './directory/model.ts';
import { EvidenceReader } from './evidence/reader.ts';
import { type Journalled, readJournal } from './journal.ts';
import {
  type Inventoried,
  type Judging,
  openedAgain,
  openJudging,
  type Opened,
} from './judging.ts';
import { requestsHash } from './requests.ts';
import {
  type AttemptOnDisk,
  orderOf,
  type Read,
  readAttempt,
  type ReadOrder,
  type ReadOutcome,
  StoredFold,
  type StopReason,
} from './stored.ts';
import type { CreateJudge, Units } from './units.ts';

/** Attempts whose readings are kept from their end until the journal tells of it; more are read again. */
const MOST_KEPT = 1000;

/** What is known of the fleet when attempts are read. */
type Known = Pick<Judging, 'nodes' | 'cases' | 'origin'>;

/** What the judge asks for at the end of a round. */
export type Asked = ReturnType<Judge['next']>;

/** What a replay needs; the units are revived from the run's plan.json. */
export interface ReplaySetup {
  /** Run directory. */
  readonly path: string;
  /** The run's, or an amended one: then the judge's requests are not compared. */
  readonly plan: Plan;
  readonly amended?: boolean;
  /** Attempts whose evidence this copy has not: passed over, so what rests on them comes out otherwise. */
  readonly withheld?: ReadonlySet<string>;
  readonly names?: PrivateFile;
  readonly units: Units;
  readonly createJudge: CreateJudge;
  /** Each attempt, in the order in which they ended, with what its evidence says. */
  attempt?(attempt: Attempt, readings: readonly JudgedReading[]): Promise<void> | void;
  /** Findings that became a fail, as soon as it is known. */
  failed?(findings: readonly Finding[]): void;
  /** Something on disk is not what the evidence says; absent: it is thrown. */
  problem?(what: string): void;
}

/** What a replay gives. */
export interface Replayed {
  readonly judgement: Judgement;
  readonly judging: Judging;
  /** As the journal says last; undefined: the run goes on or was killed. */
  readonly stop?: StopReason;
}

/**
 * Reaches the verdict from what is on disk.
 *
 * @throws {HarnessError} RUN_UNREADABLE, EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH
 */
export async function replay(setup: ReplaySetup): Promise<Replayed> {
  const evidence = new EvidenceReader(join(setup.path, 'evidence'));
  const streams = evidence.streams();
  try {
    const next = async () => {
      const { value, done } = await streams.next();
      return done === true ? undefined : value;
    };
    const replaying = new Replay(setup, evidence, next);
    const journal = join(setup.path, 'journal.ndjson');
    for await (const event of readJournal(journal)) await replaying.take(event);
    return replaying.end();
  } finally {
    await streams.return(undefined);
    await evidence.close();
  }
}

/** A replay that is fed event by event: of a run that has ended, or of one that goes on. */
export class Replay {
  readonly #setup: ReplaySetup;
  readonly #evidence: EvidenceReader;
  readonly #stored: StoredFold;
  #opened: Opened | undefined;
  #inventory: Inventoried[] = [];
  #judging: Judging | undefined;
  #asked: Asked | undefined;
  #stop: StopReason | undefined;
  #begun = false;
  /** The last round that has begun. */
  #rounds = 0;
  /** What is known before the inventory. */
  #first: Known | undefined;
  /** By attempt: read at its end, and not told of by the journal yet. */
  readonly #kept = new Map<string, Read>();
  /** Judged, and not told of by the journal yet. */
  readonly #settled = new Set<string>();
  /** The last attempt that was read and not judged: until the journal has told of it, nothing settles. */
  #told: string | undefined;

  /** @param next the evidence index's next entry; undefined: no more of it is written yet */
  constructor(
    setup: ReplaySetup,
    evidence: EvidenceReader,
    next: () => Promise<StreamEntry | undefined>,
  ) {
    this.#setup = setup;
    this.#evidence = evidence;
    this.#stored = new StoredFold(next);
  }

  /** The next event of the journal. */
  async take(event: Journalled): Promise<void> {
    if (event.event === 'fleet') this.#opened ??= openedAgain(event, this.#setup.names);
    const item = await this.#stored.add(event);
    if (item === undefined) return;
    if (item.is === 'stop') this.#stop = item.reason;
    else if (item.is === 'round') this.#round(item.round, item.requests);
    else if (item.stored.attempt.outcome !== undefined && !this.#withheld(item.stored)) {
      await this.#attempt(item.round, item.stored);
    }
  }

  /**
   * Reads an attempt that has just ended, before the journal tells of it. What settles is to be judged at
   * once (`settle`), if all before it are: its readings need not wait for the journal, and 10,000 nodes have
   * many. What does not is kept until then, and so is all after it, since the tables have the journal's order.
   *
   * @param order of a round that `knows`
   * @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH
   */
  read(order: ReadOrder): Read & ReadOutcome {
    const { id, trial } = order.attempt;
    const read = this.#readOf(order, this.#known(trial.round));
    if (read === undefined) throw new Error(`${id}: there is no case ${trial.case}`);
    const settled =
      order.settles &&
      read.outcome.status === 'measured' &&
      this.#told === undefined &&
      trial.round > 0 &&
      trial.round === this.#rounds;
    if (settled) this.#settled.add(id);
    else {
      this.#told = id;
      if (this.#kept.size < MOST_KEPT) this.#kept.set(id, read);
    }
    return { ...read, settled };
  }

  /** Rows and judgement of an attempt of a round, after all that ended before it. @throws {HarnessError} DISK_FULL */
  async settle(attempt: Attempt, readings: readonly JudgedReading[]): Promise<void> {
    await this.#setup.attempt?.(attempt, readings);
    const failed = this.judging.judge.observe(attempt, readings);
    if (failed.length > 0) this.#setup.failed?.(failed);
  }

  /** How many attempts were read, and wait for the journal. */
  get behind(): number {
    return this.#kept.size;
  }

  /** Whether attempts of a round can be read: of the inventory when there is a fleet, of others after it. */
  knows(round: number): boolean {
    return round === 0 ? this.#opened !== undefined : this.#rounds > 0;
  }

  /** What follows from the inventory; after it nothing more is taken as inventory. */
  get judging(): Judging {
    if (this.#judging !== undefined) return this.#judging;
    const { path, plan, units, createJudge } = this.#setup;
    if (this.#opened === undefined) throw unreadable(path, `${path} ended before it had a fleet`);
    // In the order of ids: the latest look at a node counts, whatever came first.
    const inventory = this.#inventory.sort(inOrder);
    this.#inventory = [];
    this.#judging = openJudging(plan, this.#opened, units, inventory, createJudge);
    return this.#judging;
  }

  /** Ends the round: what the judge wants next. The same until the next round begins. */
  next(): Asked {
    this.#asked ??= this.judging.judge.next();
    return this.#asked;
  }

  /** After the last event. @throws {HarnessError} RUN_UNREADABLE where there is no inventory */
  end(): Replayed {
    const { path } = this.#setup;
    if (!this.#begun) {
      throw unreadable(path, `${path} ended before its inventory`);
    }
    const { judging } = this;
    const judgement = judging.judge.decide(this.#reason(judging, this.#stop));
    return { judgement, judging, ...(this.#stop !== undefined && { stop: this.#stop }) };
  }

  #round(round: number, requests: string): void {
    this.#begun = true;
    this.#rounds = round;
    if (round === 0) return;
    const asked = this.next();
    this.#asked = undefined;
    this.#setup.failed?.(asked.failed);
    if (requestsHash(asked.requests) !== requests && this.#setup.amended !== true) {
      this.#problem(`round ${round} was asked for by other requests than the evidence leads to`);
    }
  }

  async #attempt(round: number, stored: AttemptOnDisk): Promise<void> {
    const { attempt } = stored;
    if (this.#settled.delete(attempt.id)) return;
    const readings = this.#readings(stored, this.#known(round));
    if (round > 0) await this.settle(attempt, readings);
    else {
      await this.#setup.attempt?.(attempt, readings);
      // Texts of their own: one that is cut out of a node's output keeps all of it, as long as the node is known.
      const own = JSON.parse(JSON.stringify(readings)) as readonly JudgedReading[];
      this.#inventory.push({ attempt, readings: own });
    }
    if (this.#told === attempt.id) this.#told = undefined;
  }

  #known(round: number): Known {
    if (round > 0) return this.judging;
    const { units, path } = this.#setup;
    const opened = this.#opened;
    if (opened === undefined) throw unreadable(path, `${path}: a trial before the fleet`);
    this.#first ??= {
      nodes: new Map(opened.nodes.map((node) => [node.id, node])),
      cases: new Map(units.inventory.cases(opened.nodes).map((one) => [one.id, one])),
      origin: opened.origin,
    };
    return this.#first;
  }

  #withheld({ attempt }: AttemptOnDisk): boolean {
    return this.#setup.withheld?.has(attempt.id) === true;
  }

  #readings(stored: AttemptOnDisk, known: Known): readonly JudgedReading[] {
    const { attempt, override, streams, entries } = stored;
    if (entries.length !== streams) {
      this.#problem(`${attempt.id}: ${entries.length} of ${streams} streams are in the evidence`);
    }
    const read = this.#kept.get(attempt.id) ?? this.#readOf(orderOf(stored), known);
    this.#kept.delete(attempt.id);
    if (read === undefined) {
      this.#problem(`${attempt.id}: there is no case ${attempt.trial.case}`);
      return [];
    }
    const { readings, outcome } = read;
    const expected = overridden(outcome, override);
    if (!sameOutcome(expected, attempt.outcome)) {
      const [says, journal] = [spell(expected), spell(attempt.outcome)];
      this.#problem(`${attempt.id}: the evidence says ${says}, the journal ${journal}`);
    }
    return readings;
  }

  /** @returns undefined where there is no such case */
  #readOf(order: ReadOrder, known: Known): Read | undefined {
    const one = known.cases.get(order.attempt.trial.case);
    if (one === undefined) return undefined;
    // Nothing was started: it was skipped.
    if (order.steps.length === 0) return { readings: [], outcome: { status: 'measured' } };
    const { units } = this.#setup;
    return readAttempt(order, { ...known, case: one, units, evidence: this.#evidence });
  }

  /** Why the judge must end, as the live run's had to. */
  #reason(judging: Judging, stop: StopReason | undefined): Stopped | undefined {
    if (this.#setup.amended === true) {
      // Other criteria may ask for trials that this run never made: what is missing is not to be had.
      return judging.judge.next().requests.length === 0 ? undefined : 'budget';
    }
    switch (stop) {
      case 'decided':
        // As live: the round that asked for nothing comes before the decision.
        return judging.judge.next().requests.length === 0 ? undefined : 'interrupted';
      case 'budget':
      case 'time':
        return stop;
      case 'interrupted':
      case 'unreachable':
      case 'disk-full':
      case undefined:
        return 'interrupted';
    }
  }

  #problem(what: string): void {
    if (this.#setup.problem === undefined) throw new Error(`the replay differs: ${what}`);
    this.#setup.problem(what);
  }
}

/** Trial-id order, attempts of a trial in order. */
function inOrder({ attempt: a }: Inventoried, { attempt: b }: Inventoried): number {
  if (a.trial.id !== b.trial.id) return a.trial.id < b.trial.id ? -1 : 1;
  return a.ordinal - b.ordinal;
}

function sameOutcome(a: Outcome, b: Outcome | undefined): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(b && sorted(b));
}

function sorted(outcome: Outcome): unknown[] {
  if (outcome.status === 'measured') return ['measured'];
  const { owner, code, message, suspects } = outcome;
  return [owner, code, message, suspects];
}

function spell(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'nothing';
  return outcome.status === 'measured' ? 'measured' : `${outcome.owner} ${outcome.code}`;
}
