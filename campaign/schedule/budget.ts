/** When no more trials may start: budget and the capacity's own end, both as one moment each. */
import type { Plan } from '../../plan/model.ts';
import type { Stopped } from '../../verdicts/model.ts';

/** Seconds before the capacity's end by which a trial must have ended. */
export const CAPACITY_MARGIN = 600;

/** Moments after which nothing may run, in seconds of the run's own time held; absent: none. */
export interface Deadlines {
  readonly budget?: number;
  readonly capacity?: number;
}

/**
 * Node-hours and cost are of nodes held, not of trials: that is what is billed.
 *
 * @param nodes held
 * @param capacity seconds from the start until the capacity itself ends; absent: it doesn't
 */
export function deadlines(plan: Plan, nodes: number, capacity?: number): Deadlines {
  const { wallTime, nodeHours, cost } = plan.budget;
  const price = plan.delivery.price?.perNodeHour;
  const limits = [
    wallTime,
    nodeHours === undefined ? undefined : (nodeHours * 3600) / Math.max(1, nodes),
    cost === undefined || price === undefined || price <= 0
      ? undefined
      : (cost * 3600) / (price * Math.max(1, nodes)),
  ].filter((limit) => limit !== undefined);
  return {
    ...(limits.length > 0 && { budget: Math.min(...limits) }),
    ...(capacity !== undefined && { capacity: capacity - CAPACITY_MARGIN }),
  };
}

/** Why a trial of this length can't start now; undefined: it can. */
export function refusal(
  { budget, capacity }: Deadlines,
  held: number,
  expected: number,
): Exclude<Stopped, 'interrupted'> | undefined {
  if (budget !== undefined && held + expected > budget) return 'budget';
  if (capacity !== undefined && held + expected > capacity) return 'time';
  return undefined;
}
