/** How many nodes a night's budget carries: the campaign's loop, dry, on so many. */
import type { Composed } from '../compose.ts';
import { expense } from '../forecast.ts';

/** Share of the budget that the rotation may use; the rest is for fresh runs. */
const SHARE = 0.75;
/** Above it the estimate is drawn out in proportion: it would take as long as a look at the nodes. */
const ESTIMATED = 256;

/**
 * The largest number of nodes, of those free, that fits; all where there is no budget.
 *
 * @param night the night's plan, as `nightPlan` gives it
 */
export function capacityOf(night: Composed): (free: number) => number {
  const { wallTime, nodeHours } = night.plan.budget;
  if (wallTime === undefined && nodeHours === undefined) return (free) => free;
  const fits = (count: number) => {
    const dry = Math.min(count, ESTIMATED);
    const delivery = { ...night.plan.delivery, count: dry };
    const taken = expense({ ...night, plan: { ...night.plan, delivery } });
    if (taken === undefined) return true;
    const hours = (taken.nodeHours * count) / dry;
    return (
      (wallTime === undefined || taken.wallTime <= SHARE * wallTime) &&
      (nodeHours === undefined || hours <= SHARE * nodeHours)
    );
  };
  return (free) => {
    if (free === 0 || fits(free)) return free;
    let [low, high] = [0, free];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle;
    }
    return low;
  };
}
