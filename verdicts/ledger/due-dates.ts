/** The contract's days against a day that is given: there is no clock here. */
import type { Delivery } from '../../plan/model.ts';
import type { Machine } from './machines.ts';
import type { DeliveryVerdict, DueDate } from './model.ts';

const DAY = 24 * 3600 * 1000;

/** @param on YYYY-MM-DD */
export function dueDate(date: string, on: string): DueDate {
  return { date, inDays: Math.round((Date.parse(date) - Date.parse(on)) / DAY) };
}

/** Deemed acceptance: whom it has been given to by the calendar, and who was rejected too late for it. */
export function deemedAcceptance(
  { deemedAcceptance }: Pick<Delivery, 'deemedAcceptance'>,
  machines: readonly Machine[],
  on: string,
): DeliveryVerdict['deemed'] {
  if (deemedAcceptance === undefined) return undefined;
  const due = dueDate(deemedAcceptance, on);
  const current = machines.filter((one) => one.replacedBy === undefined);
  const late = (one: Machine) =>
    one.failedAt !== undefined && one.failedAt.slice(0, 10) > deemedAcceptance;
  const open = current.filter(
    (one) => one.verdict !== 'pass' && (one.failedAt === undefined || late(one)),
  );
  return {
    ...due,
    given: due.inDays < 0 ? open.map((one) => one.identity) : [],
    late: current.filter(late).map((one) => one.identity),
  };
}
