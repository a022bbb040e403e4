/** Nights that were made, as their events have them: what is computed again from the history goes by these. */
import { readEvents } from '../history/events.ts';
import type { History } from '../history/store.ts';
import type { Confirmation, Passing } from '../../verdicts/changes/model.ts';

/** What a settled alarm came to, as the night's event has it. */
export interface Settled {
  readonly alarm: string;
  readonly word: 'confirmed' | 'recovered' | 'undecided';
  readonly loss: number;
  /** Of one that stands. */
  readonly passing?: Passing;
}

/** Takes the word of then for that of fresh runs. */
export function confirmationOf({ word, loss, passing }: Settled): Confirmation {
  const evidence = { pass: 0, fail: 0 };
  return { word, next: [], n: 0, loss, error: 0, evidence, passing: passing ?? [0, 0, 0] };
}

/** Nights of a delivery as their events have them, with what people closed before the next. */
export async function settledNights(history: History, delivery: string) {
  const nights = await readEvents(history, delivery, ['night']);
  const closed = await closedByPeople(history, delivery);
  return nights.map(({ night, body }, at) => {
    const next = nights[at + 1]?.night;
    return {
      night,
      settled: (body['settled'] ?? []) as readonly Settled[],
      closed: closed.filter(
        (one) => one.night >= night && (next === undefined || one.night < next),
      ),
    };
  });
}

/** What people closed, oldest first. */
export async function closedByPeople(history: History, delivery: string) {
  const events = await readEvents(history, delivery, ['alarm-closed']);
  return events
    .filter(({ body }) => body['by'] === 'person')
    .map(({ night, body }) => ({
      night,
      alarm: String(body['alarm']),
      accept: body['accept'] === true,
    }));
}
