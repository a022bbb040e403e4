/** Attempts as the journal tells them. */
import type { Attempt, Trial } from '../suites/model.ts';
import { unreadable } from './directory/json.ts';
import type { CampaignEvent, Override, Program, RecordedStep } from './events.ts';
import type { Journalled } from './journal.ts';

type Start = Extract<CampaignEvent, { event: 'trial-start' }>;

/** An attempt with what a replay of it needs. */
export interface StoredAttempt {
  readonly attempt: Attempt;
  readonly steps: readonly (RecordedStep & { readonly of: Program })[];
  readonly override?: Override;
  /** Entries in the evidence index that were there at its end. */
  readonly streams: number;
}

/** The trial that a `trial-start` event belongs to. */
export function trialOf(start: Start): Trial {
  const { trial: id, case: of, nodes, trialOrdinal: ordinal, round, why } = start;
  return { id, case: of, nodes, ordinal, round, why };
}

/** Folds the events of a journal into attempts; memory is the attempts under way. */
export class AttemptFold {
  readonly #programs = new Map<string, Program>();
  readonly #open = new Map<string, Start & { readonly at: string }>();

  /** @returns the attempt that this event ends */
  add(event: Journalled): StoredAttempt | undefined {
    if (event.event === 'program') this.#programs.set(event.id, event.program);
    if (event.event === 'trial-start') this.#open.set(event.attempt, event);
    if (event.event !== 'attempt-end') return undefined;
    const start = this.#open.get(event.attempt);
    if (start === undefined) return undefined;
    this.#open.delete(event.attempt);
    const { startedAt, seconds, exits, outcome, override, streams } = event;
    return {
      attempt: {
        id: event.attempt,
        trial: trialOf(start),
        ordinal: start.ordinal,
        startedAt,
        seconds,
        exits,
        ...(outcome && { outcome }),
      },
      steps: this.#steps(start),
      ...(override && { override }),
      streams,
    };
  }

  /** Attempts that have begun and not ended: cut off by our own end. */
  cutOff(): StoredAttempt[] {
    return [...this.#open.values()].map((start) => ({
      attempt: {
        id: start.attempt,
        trial: trialOf(start),
        ordinal: start.ordinal,
        startedAt: start.at,
        seconds: 0,
        exits: [],
      },
      steps: this.#steps(start),
      streams: 0,
    }));
  }

  /** Forgets and gives the attempts of an earlier round that never ended. */
  takeCutOff(round: number): StoredAttempt[] {
    const cut = this.cutOff().filter(({ attempt }) => attempt.trial.round === round);
    for (const { attempt } of cut) this.#open.delete(attempt.id);
    return cut;
  }

  #steps(start: Start) {
    return start.steps.map((step) => {
      const of = this.#programs.get(step.program);
      if (of === undefined) {
        const what = `journal.ndjson: program ${step.program} is not there`;
        throw unreadable('journal.ndjson', what);
      }
      return { ...step, of };
    });
  }
}

/** Every attempt, in the order in which they ended; those cut off come last, without an outcome. */
export async function* readAttempts(events: AsyncIterable<Journalled>): AsyncGenerator<Attempt> {
  const fold = new AttemptFold();
  for await (const event of events) {
    const ended = fold.add(event);
    if (ended !== undefined) yield ended.attempt;
  }
  for (const { attempt } of fold.cutOff()) yield attempt;
}
