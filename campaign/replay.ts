/** Evidence → the suites' readers → judge: the one replay behind accept's end, judge, verify and explain. */
import { join } from 'node:path';
import type { Plan } from '../plan/model.ts';
import type { Attempt, Outcome } from '../suites/model.ts';
import type { JudgedReading, Judgement, Stopped } from '../verdicts/model.ts';
import { overridden } from './attempt.ts';
import { unreadable } from './directory/json.ts';
import type { PrivateFile } from './directory/model.ts';
import { EvidenceReader } from './evidence/reader.ts';
import { readJournal } from './journal.ts';
import {
  type Inventoried,
  type Judging,
  openedAgain,
  openJudging,
  type Opened,
} from './judging.ts';
import { requestsHash } from './requests.ts';
import { type AttemptOnDisk, rereadAttempt, storedRounds, type StopReason } from './stored.ts';
import type { CreateJudge, Units } from './units.ts';

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
  /** Each attempt, in round and trial-id order, with what its evidence says. */
  attempt?(attempt: Attempt, readings: readonly JudgedReading[]): Promise<void> | void;
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
  try {
    return await new Replay(setup, evidence).run();
  } finally {
    await evidence.close();
  }
}

class Replay {
  readonly #setup: ReplaySetup;
  readonly #evidence: EvidenceReader;
  #judging: Judging | undefined;

  constructor(setup: ReplaySetup, evidence: EvidenceReader) {
    this.#setup = setup;
    this.#evidence = evidence;
  }

  async run(): Promise<Replayed> {
    const { path } = this.#setup;
    const journal = join(path, 'journal.ndjson');
    const opened = await openedFleet(journal, this.#setup.names);
    let stop: StopReason | undefined;
    for await (const round of storedRounds(readJournal(journal), this.#evidence.streams())) {
      if (round.round === 0) await this.#inventory(opened, round.attempts);
      else await this.#round(round.round, round.requests, round.attempts);
      stop = round.stop;
    }
    const judging = this.#judging;
    if (judging === undefined) throw unreadable(path, `${path} ended before its inventory`);
    const judgement = judging.judge.decide(this.#reason(judging, stop));
    return { judgement, judging, ...(stop !== undefined && { stop }) };
  }

  async #inventory(opened: Opened, attempts: readonly AttemptOnDisk[]): Promise<void> {
    const { plan, units, createJudge } = this.#setup;
    const nodes = new Map(opened.nodes.map((node) => [node.id, node]));
    const cases = new Map(units.inventory.cases(opened.nodes).map((one) => [one.id, one]));
    const inventory: Inventoried[] = [];
    for (const stored of attempts) {
      if (stored.attempt.outcome === undefined || this.#withheld(stored)) continue;
      const readings = await this.#read(stored, { nodes, cases, origin: opened.origin });
      inventory.push({ attempt: stored.attempt, readings });
    }
    this.#judging = openJudging(plan, opened, units, inventory, createJudge);
  }

  async #round(round: number, requests: string, attempts: readonly AttemptOnDisk[]): Promise<void> {
    const judging = this.#judging;
    if (judging === undefined) throw new Error('a round before the inventory');
    const asked = requestsHash(judging.judge.next().requests);
    if (asked !== requests && this.#setup.amended !== true) {
      this.#problem(`round ${round} was asked for by other requests than the evidence leads to`);
    }
    for (const stored of attempts) {
      if (stored.attempt.outcome === undefined || this.#withheld(stored)) continue;
      const readings = await this.#read(stored, judging);
      judging.judge.observe(stored.attempt, readings);
    }
  }

  #withheld({ attempt }: AttemptOnDisk): boolean {
    return this.#setup.withheld?.has(attempt.id) === true;
  }

  async #read(
    stored: AttemptOnDisk,
    known: Pick<Judging, 'nodes' | 'cases' | 'origin'>,
  ): Promise<readonly JudgedReading[]> {
    const { attempt, override, streams, entries } = stored;
    const one = known.cases.get(attempt.trial.case);
    if (entries.length !== streams) {
      this.#problem(`${attempt.id}: ${entries.length} of ${streams} streams are in the evidence`);
    }
    if (one === undefined) {
      this.#problem(`${attempt.id}: there is no case ${attempt.trial.case}`);
      return [];
    }
    const { readings, outcome } =
      stored.steps.length === 0
        ? { readings: [], outcome: { status: 'measured' as const } }
        : await rereadAttempt(stored, {
            ...known,
            case: one,
            units: this.#setup.units,
            evidence: this.#evidence,
          });
    const expected = overridden(outcome, override);
    if (!sameOutcome(expected, attempt.outcome)) {
      const [says, journal] = [spell(expected), spell(attempt.outcome)];
      this.#problem(`${attempt.id}: the evidence says ${says}, the journal ${journal}`);
    }
    await this.#setup.attempt?.(attempt, readings);
    return readings;
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

/** The fleet as the journal has it. */
export async function openedFleet(journal: string, names?: PrivateFile): Promise<Opened> {
  for await (const event of readJournal(journal)) {
    if (event.event !== 'fleet') continue;
    return openedAgain(event, names);
  }
  throw unreadable(journal, 'journal.ndjson: the run ended before it had a fleet');
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
