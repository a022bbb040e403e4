/** Alarms that are open: a fold over the events of opening and closing. */
import { readEvents } from '../history/events.ts';
import type { StoredEvent } from '../history/model.ts';
import type { History } from '../history/store.ts';
import { matches } from '../../plan/subject.ts';
import type { Criterion } from '../../plan/model.ts';
import type { Declared } from '../../verdicts/changes/model.ts';
import type { Resolved } from './fresh.ts';
import type { OpenAlarm } from './model.ts';
import { serialsOf } from './panels.ts';

/** Serials that an alarm names, at most. */
const NAMED = 64;

/** Open alarms of a delivery, oldest first. */
export async function openAlarms(
  history: History,
  delivery: string,
): Promise<readonly OpenAlarm[]> {
  const events = await readEvents(history, delivery, ['alarm-opened', 'alarm-closed']);
  return stillOpen(events);
}

/** @param events of opening and closing, oldest first */
export function stillOpen(events: readonly StoredEvent[]): readonly OpenAlarm[] {
  const open = new Map<string, OpenAlarm>();
  for (const { kind, body } of events) {
    if (kind === 'alarm-opened') {
      const alarm = body as unknown as OpenAlarm;
      open.set(alarm.id, alarm);
    } else open.delete(String(body['alarm']));
  }
  return [...open.values()];
}

/** What is told of an alarm that its fresh runs confirmed. */
export function alarmTold(
  { alarm, key, confirmation, values, runs }: Resolved,
  night: string,
  criteria: readonly Criterion[],
): OpenAlarm {
  const { id, metric, parameters, scope, since, lastGood, rules, affected } = alarm;
  const named = alarm.subjects.length > 0 ? alarm.subjects : alarm.retest.map((one) => one.subject);
  const serials = [...new Set(named.flatMap(serialsOf))].slice(0, NAMED);
  return {
    id,
    kind: 'change',
    metric,
    parameters,
    unit: key.unit,
    scope,
    serials,
    past: pastLimits(alarm, values, criteria),
    affected,
    since,
    ...(lastGood !== undefined && { lastGood }),
    opened: night,
    loss: confirmation.loss,
    error: confirmation.error,
    fresh: confirmation.n,
    runs,
    rules,
    near: alarm.near,
    reason: reasonOf(confirmation.loss, confirmation.error, confirmation.n, since, alarm.near),
  };
}

function reasonOf(
  loss: number,
  error: number,
  n: number,
  since: string,
  near: readonly { readonly change: Declared }[],
): string {
  const declared = near[0]?.change;
  const beside =
    declared === undefined
      ? 'no change was declared near it'
      : `declared near it: ${declared.what} from ${declared.date}`;
  return `${percent(loss)} worse (± ${percent(error)}) in ${n} fresh runs of the night, since ${since}; ${beside}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Machines whose fresh values, by their median, are past a limit that the contract has. */
function pastLimits(
  { metric, parameters }: Resolved['alarm'],
  values: Resolved['values'],
  criteria: readonly Criterion[],
): OpenAlarm['past'] {
  const bySubject = new Map<string, number[]>();
  for (const { subject, value } of values) {
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), value]);
  }
  const own = criteria.filter(
    (one) =>
      one.decide === 'level' &&
      one.standing !== 'sanity' &&
      one.metric === metric &&
      matches(one.where, parameters),
  );
  const past = new Map<string, string>();
  for (const [subject, fresh] of bySubject) {
    const sorted = fresh.toSorted((a, b) => a - b);
    const value = sorted[Math.floor(sorted.length / 2)] as number;
    for (const { id, bound, limit } of own) {
      if (bound === 'at-least' ? value >= limit.value : value <= limit.value) continue;
      for (const serial of serialsOf(subject)) if (!past.has(serial)) past.set(serial, id);
    }
  }
  return [...past].map(([serial, criterion]) => ({ serial, criterion }));
}
