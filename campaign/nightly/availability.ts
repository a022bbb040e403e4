/** Availability of accepted capacity: which accepted machines still met the contract, day by day, and what that is worth. */
import type { StoredEvent } from '../history/model.ts';
import type { OpenAlarm } from './model.ts';

const DAY = 24 * 3600 * 1000;

/** A machine that passed acceptance. */
export interface Accepted {
  readonly serial: string;
  /** YYYY-MM-DD. */
  readonly from: string;
  /** First day that another machine was seen in its place, itself not seen since; absent: none was. */
  readonly until?: string;
}

/** Capacity over a span of days. */
export interface Availability {
  readonly since: string;
  readonly until: string;
  readonly accepted: number;
  /** Machine-days accepted, with an open alarm, and of these past a limit of the contract. */
  readonly nodeDays: number;
  readonly degradedDays: number;
  readonly lostDays: number;
  /** Share of accepted machine-days that met the contract. */
  readonly share: number;
  /** What was paid for machine-days past the contract; absent: no price is known. */
  readonly claim?: { readonly amount: number; readonly currency: string };
  readonly days: readonly {
    readonly date: string;
    readonly accepted: number;
    readonly degraded: number;
    readonly lost: number;
  }[];
}

/**
 * Counts machine-days. A day is lost for a machine while a confirmed alarm is open on it that is past a limit
 * of the contract, and degraded while any is (all are while one on the fleet is): nothing is counted as lost that
 * fresh runs did not prove.
 *
 * @param events of opening and closing, oldest first
 * @param price for a node and hour
 */
export function availabilityOf(
  accepted: readonly Accepted[],
  events: readonly StoredEvent[],
  span: { readonly since: string; readonly until: string },
  price?: { readonly perNodeHour: number; readonly currency: string },
): Availability {
  const days = [];
  let [nodeDays, degradedDays, lostDays] = [0, 0, 0];
  for (let at = Date.parse(span.since); at <= Date.parse(span.until); at += DAY) {
    const date = new Date(at).toISOString().slice(0, 10);
    const there = new Set(accepted.filter((one) => isThere(one, date)).map(({ serial }) => serial));
    const open = openOn(events, date);
    const among = (serials: readonly string[]) =>
      new Set(serials.filter((serial) => there.has(serial))).size;
    const all = open.some(({ scope }) => scope.kind === 'fleet');
    const degraded = all ? there.size : among(open.flatMap(({ serials }) => serials));
    const lost = among(open.flatMap(({ past }) => past.map(({ serial }) => serial)));
    days.push({ date, accepted: there.size, degraded, lost });
    nodeDays += there.size;
    degradedDays += degraded;
    lostDays += lost;
  }
  return {
    ...span,
    accepted: days.at(-1)?.accepted ?? 0,
    nodeDays,
    degradedDays,
    lostDays,
    share: nodeDays === 0 ? 0 : 1 - lostDays / nodeDays,
    ...(price && {
      claim: { amount: lostDays * 24 * price.perNodeHour, currency: price.currency },
    }),
    days,
  };
}

/** A machine that was swapped for another is no capacity any more: the other one is. */
function isThere({ from, until }: Accepted, date: string): boolean {
  return from <= date && (until === undefined || date < until);
}

/** Alarms that were open at the end of a day. */
function openOn(events: readonly StoredEvent[], date: string): readonly OpenAlarm[] {
  const open = new Map<string, OpenAlarm>();
  for (const { kind, night, body } of events) {
    if (night > date) continue;
    if (kind === 'alarm-opened') {
      const alarm = body as unknown as OpenAlarm;
      open.set(alarm.id, alarm);
    } else open.delete(String(body['alarm']));
  }
  return [...open.values()];
}
