/**
 * The judge of a run that goes on: it reads the run's own files behind the trials, so that what it
 * judges is what anyone can read again, and the tables are written when the last trial ends.
 */
import { join } from 'node:path';
import type { Plan } from '../plan/model.ts';
import type { Finding, Stopped, Verdict } from '../verdicts/model.ts';
import { readJson } from './directory/json.ts';
import type { FleetFile, StreamEntry } from './directory/model.ts';
import { NdjsonTail } from './directory/ndjson.ts';
import { privateShape } from './directory/shapes.ts';
import { EvidenceReader } from './evidence/reader.ts';
import { checkSeq, type Journalled } from './journal.ts';
import { type Asked, Replay, type Replayed } from './replay.ts';
import { ResultFiles } from './results.ts';
import type { ReadOrder, ReadOutcome } from './stored.ts';
import type { CreateJudge, Units } from './units.ts';

/** Milliseconds after which questions are looked at, while events are read. */
const BREATH = 5;

/** Attempts that may have been read and not judged: more than are on their way here at once. */
const MOST_BEHIND = 100;

/** Asked by the loop, one question at a time; each is answered when all events told of have been read. */
export interface Follower {
  /** Events up to this number can be read. */
  advance(seq: number): void;
  /**
   * What the evidence of an attempt says that has just ended; the sooner the better: it waits for nothing
   * but the inventory.
   *
   * @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH
   */
  read(order: ReadOrder): Promise<ReadOutcome>;
  /** After the inventory: what fleet.json says. */
  inventoried(): Promise<FleetFile>;
  /** Ends a round: what the judge wants next. */
  next(): Promise<Asked>;
  /** After the last trial. */
  decide(stopped: Stopped | undefined): Promise<Verdict>;
  /** Writes what follows from the evidence, the verdict last. @throws {HarnessError} DISK_FULL */
  write(): Promise<void>;
  /** Gives back what it holds, the first time; results that were not written are left out. */
  close(): Promise<void>;
}

/** What a follower is made from. */
export interface FollowSetup {
  /** Run directory: private.json is there, and the journal has the fleet. */
  readonly path: string;
  /** As plan.json has it. */
  readonly plan: Plan;
  /** How many the fleet has. */
  readonly nodes: number;
  readonly units: Units;
  readonly createJudge: CreateJudge;
  /** Findings that became a fail, as soon as it is known. */
  failed(findings: readonly Finding[]): void;
}

/** Begins to follow. @throws {HarnessError} RUN_UNREADABLE, DISK_FULL */
export async function followRun(setup: FollowSetup): Promise<Follower> {
  const { path } = setup;
  const names = await readJson(join(path, 'private.json'), 'private', 1, privateShape);
  const files = await ResultFiles.open(path);
  const index = new NdjsonTail(join(path, 'evidence', 'index.ndjson'));
  const evidence = new EvidenceReader(join(path, 'evidence'));
  const replaying = new Replay(
    { ...setup, names, attempt: (attempt, readings) => files.attempt(attempt, readings) },
    evidence,
    async () => (await index.next())?.value as StreamEntry | undefined,
  );
  return new LocalFollower(setup, replaying, files, {
    journal: new NdjsonTail(join(path, 'journal.ndjson')),
    index,
    evidence,
  });
}

interface Sources {
  readonly journal: NdjsonTail;
  readonly index: NdjsonTail;
  readonly evidence: EvidenceReader;
}

class LocalFollower implements Follower {
  readonly #setup: FollowSetup;
  readonly #replay: Replay;
  readonly #files: ResultFiles;
  readonly #sources: Sources;
  #target = -1;
  #read = -1;
  /** What was there when it began. */
  #past: number | undefined;
  #orders: Promise<unknown> = Promise.resolve();
  #reading: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;
  #closed = false;
  #decided: Pick<Replayed, 'judgement' | 'judging'> | undefined;

  constructor(setup: FollowSetup, replaying: Replay, files: ResultFiles, sources: Sources) {
    this.#setup = setup;
    this.#replay = replaying;
    this.#files = files;
    this.#sources = sources;
  }

  advance(seq: number): void {
    this.#past ??= seq;
    this.#target = Math.max(this.#target, seq);
    const busy = this.#reading !== undefined || this.#closed || this.#failed !== undefined;
    if (busy || this.#read >= this.#target) return;
    // What goes wrong here is thrown at the next question.
    this.#reading = this.#follow().catch((error: unknown) => {
      this.#failed ??= { error };
    });
  }

  async read(order: ReadOrder): Promise<ReadOutcome> {
    // One after the other: the tables have the order of the orders.
    const read = this.#orders.then(() => this.#readInTurn(order));
    this.#orders = read.catch(() => undefined);
    return read;
  }

  async inventoried(): Promise<FleetFile> {
    await this.#caughtUp();
    return this.#replay.judging.fleetFile;
  }

  async next(): Promise<Asked> {
    await this.#caughtUp();
    return this.#replay.next();
  }

  async decide(stopped: Stopped | undefined): Promise<Verdict> {
    await this.#caughtUp();
    const { judging } = this.#replay;
    const judgement = judging.judge.decide(stopped);
    this.#decided = { judgement, judging };
    return judgement.verdict;
  }

  async write(): Promise<void> {
    if (this.#decided === undefined) throw new Error('nothing was decided');
    await this.#files.finish(this.#setup.plan, this.#decided);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reading;
    await this.#files.discard();
    const { journal, index, evidence } = this.#sources;
    await journal.close();
    await index.close();
    await evidence.close();
  }

  async #readInTurn(order: ReadOrder): Promise<ReadOutcome> {
    while (!this.#replay.knows(order.attempt.trial.round)) {
      if (this.#failed !== undefined) throw this.#failed.error;
      if (this.#reading === undefined)
        throw new Error(`${order.attempt.id}: its round is not begun`);
      await breath();
    }
    // What an earlier process left is judged first; and nothing is once something has gone wrong.
    const current = this.#read >= (this.#past ?? 0) && this.#failed === undefined;
    // Those that were read are judged before more are: they would be too many to keep.
    if (current) {
      while (this.#reading !== undefined && this.#replay.behind > MOST_BEHIND) await breath();
    }
    const settles = order.settles && current;
    const { outcome, settled, readings } = this.#replay.read({ ...order, settles });
    if (settled) {
      try {
        await this.#replay.settle({ ...order.attempt, outcome }, readings);
      } catch (error) {
        // The trial was measured all the same: its evidence is there.
        this.#failed ??= { error };
      }
    }
    return { outcome, settled };
  }

  async #caughtUp(): Promise<void> {
    while (this.#reading !== undefined) await this.#reading;
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  async #follow(): Promise<void> {
    const { journal } = this.#sources;
    let since = performance.now();
    try {
      while (this.#read < this.#target && !this.#closed && this.#failed === undefined) {
        const line = await journal.next();
        if (line === undefined) throw new Error(`journal.ndjson ends before event ${this.#target}`);
        this.#read = checkSeq(this.#setup.path, line.value, line.number);
        await this.#replay.take(line.value as Journalled);
        if (performance.now() - since < BREATH) continue;
        await breath();
        since = performance.now();
      }
    } finally {
      this.#reading = undefined;
    }
  }
}

/** Lets others have the thread. */
async function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
