/** Where a resumed run stands, by its journal alone: the evidence is read by the judge meanwhile. */
import type { Case, Outcome, Trial } from '../suites/model.ts';
import type { Request } from '../verdicts/model.ts';
import { unreadable } from './directory/json.ts';
import type { Journalled } from './journal.ts';
import { countTrials, requestsHash } from './requests.ts';
import type { Retries } from './retries.ts';
import type { Todo } from './round.ts';
import { startOrder, type TrialNames } from './schedule/trials.ts';
import type { UsedSoFar } from './used.ts';

/** What the rounds of a run have in common. */
export interface Counting {
  readonly names: TrialNames;
  readonly retries: Retries;
  readonly used: UsedSoFar;
  /** Of inventory, and of the suites as they were planned on these nodes. */
  readonly cases: ReadonlyMap<string, Case>;
  readonly timed: ReadonlySet<string>;
  /** Round 0, which no judge asks for. */
  readonly inventory: readonly Request[];
}

interface State {
  readonly trial: Trial;
  /** Attempts begun: the next one's ordinal. */
  begun: number;
  tries: number;
  /** Attempts since the latest that did not reach its nodes. */
  since: number;
  outcome?: Outcome;
  finished: boolean;
}

/** Trials of one round as they are known so far. */
export interface Round {
  readonly round: number;
  /** In start order. */
  readonly started: readonly Trial[];
  /** What is left of it, in start order. */
  readonly todos: readonly Todo[];
}

/** Takes the events of a journal and counts as the run did. */
export class TakenUp {
  readonly #path: string;
  readonly #counting: Counting;
  #round = -1;
  #started: readonly Trial[] = [];
  #states = new Map<string, State>();

  /** @param path of the journal, for errors */
  constructor(path: string, counting: Counting) {
    this.#path = path;
    this.#counting = counting;
  }

  /** @throws {HarnessError} RUN_UNREADABLE when the journal does not say what a round asked for */
  take(event: Journalled): void {
    if (event.event === 'round') this.#begin(event.round, event.requests, event.asked);
    else if (event.event === 'trial-start') {
      const state = this.#states.get(event.trial);
      if (state !== undefined) state.begun += 1;
    } else if (event.event === 'attempt-end' && event.outcome !== undefined) {
      this.#ended(event.attempt, event.seconds, event.outcome);
    } else if (event.event === 'stop' && event.reason === 'unreachable') this.#reopen();
  }

  /** The latest round; undefined: none has begun. */
  get latest(): Round | undefined {
    if (this.#round < 0) return undefined;
    const todos = this.#started.flatMap((trial): Todo[] => {
      const state = this.#states.get(trial.id);
      if (state === undefined || state.finished) return [];
      return [{ trial, ordinal: state.begun, tries: state.tries }];
    });
    return { round: this.#round, started: this.#started, todos };
  }

  #begin(round: number, hash: string, asked: readonly Request[] | undefined): void {
    const { names, used, cases, timed, inventory } = this.#counting;
    if (this.#round >= 0) used.endRound(this.#started, timed);
    const requests = round === 0 ? inventory : asked;
    if (requests === undefined || requestsHash(requests) !== hash) {
      const what = `journal.ndjson does not say what round ${round} asked for`;
      throw unreadable(this.#path, what);
    }
    this.#round = round;
    this.#started = startOrder(names.name(requests, round), cases);
    this.#states = new Map(
      this.#started.map((trial) => [
        trial.id,
        { trial, begun: 0, tries: 0, since: 0, finished: false },
      ]),
    );
  }

  #ended(attempt: string, seconds: number, outcome: Outcome): void {
    const { used, retries } = this.#counting;
    const state = this.#states.get(attempt.slice(0, attempt.lastIndexOf('/')));
    if (state === undefined) return;
    used.attempt({ trial: state.trial, seconds });
    state.tries += 1;
    state.since = isReach(outcome) ? 0 : state.since + 1;
    state.outcome = outcome;
    state.finished = !retries.again(state.trial, outcome, state.tries);
  }

  /** The fleet could not be reached: what ended in that is tried afresh. */
  #reopen(): void {
    for (const state of this.#states.values()) {
      if (state.outcome === undefined) continue;
      state.tries = state.since;
      if (isReach(state.outcome)) state.finished = false;
    }
  }
}

/** The round that begins now, as nothing of it is on disk. */
export function freshRound(round: number, requests: readonly Request[], counting: Counting): Round {
  const started = startOrder(counting.names.name(requests, round), counting.cases);
  return {
    round,
    started,
    todos: started.map((trial) => ({ trial, ordinal: 0, tries: 0 })),
  };
}

/** The event that begins a round. */
export function roundEvent(round: number, requests: readonly Request[]) {
  return {
    event: 'round' as const,
    round,
    trials: countTrials(requests),
    requests: requestsHash(requests),
    ...(round > 0 && { asked: requests }),
  };
}

function isReach(outcome: Outcome): boolean {
  return outcome.status === 'failed' && outcome.owner === 'reach';
}
