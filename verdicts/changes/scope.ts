/** Who is held to be the cause: of parts that contain each other the one that explains the most with the least. */
import type { PanelState, Group } from './state.ts';

/** A group that looks worse tonight. */
export interface SlowGroup {
  readonly at: number;
  /** ln, positive. */
  readonly loss: number;
}

/**
 * Of groups that share members only one is kept: the larger if its other members are down as well, by half of the
 * smaller one's loss or more; else the smaller.
 *
 * @param residuals tonight's, by subject; NaN = not seen
 */
export function resolveGroups(
  state: PanelState,
  slow: readonly SlowGroup[],
  residuals: Float64Array,
): readonly SlowGroup[] {
  const group = (one: SlowGroup) => state.groups[one.at] as Group;
  // Largest first; of equals the first named.
  const bySize = [...slow].sort((a, b) => group(b).members.length - group(a).members.length);
  const dropped = new Set<SlowGroup>();
  for (const [i, larger] of bySize.entries()) {
    const members = new Set(group(larger).members);
    for (const smaller of bySize.slice(i + 1)) {
      if (dropped.has(larger)) break;
      if (dropped.has(smaller)) continue;
      const inside = group(smaller).members.filter((one) => members.has(one));
      if (inside.length === 0) continue;
      const shared = new Set(inside);
      const others = [...members]
        .filter((one) => !shared.has(one))
        .map((one) => residuals[one] as number)
        .filter((one) => !Number.isNaN(one))
        .sort((a, b) => a - b);
      const rest = others[others.length >> 1];
      const sameMembers = members.size === inside.length;
      if (sameMembers || (rest !== undefined && rest <= -smaller.loss / 2)) dropped.add(smaller);
      else dropped.add(larger);
    }
  }
  return slow.filter((one) => !dropped.has(one));
}
