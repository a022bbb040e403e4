/** p values adjusted for how many were looked at. */

/**
 * Benjamini–Hochberg: the smallest false discovery rate at which each would be rejected.
 *
 * @param p values in [0, 1], any order
 * @returns in the order of `p`
 * @see Benjamini and Hochberg 1995; R `p.adjust(p, "BH")`, block `p_adjust_R`
 */
export function adjustBenjaminiHochberg(p: readonly number[]): number[] {
  return stepUp(p, 1);
}

/**
 * Benjamini–Yekutieli: as BH, and valid under any dependence.
 *
 * @see R `p.adjust(p, "BY")`, block `p_adjust_R`
 */
export function adjustBenjaminiYekutieli(p: readonly number[]): number[] {
  return stepUp(
    p,
    p.reduce((sum, _, i) => sum + 1 / (i + 1), 0),
  );
}

/** Bonferroni: each p value times their number, at most 1. */
export function adjustBonferroni(p: readonly number[]): number[] {
  return p.map((one) => Math.min(1, one * p.length));
}

/**
 * Holm: step-down, controls the family-wise error as Bonferroni does and rejects no less.
 *
 * @see R `p.adjust(p, "holm")`, block `p_adjust_R`
 */
export function adjustHolm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((a, b) => (p[a] as number) - (p[b] as number));
  const adjusted = [...p];
  let most = 0;
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (p.length - rank) * (p[i] as number)));
    adjusted[i] = most;
  }
  return adjusted;
}

function stepUp(p: readonly number[], factor: number): number[] {
  const order = p.map((_, i) => i).sort((a, b) => (p[b] as number) - (p[a] as number));
  const adjusted = [...p];
  let least = 1;
  for (const [fromTop, i] of order.entries()) {
    const rank = p.length - fromTop;
    least = Math.min(least, (factor * p.length * (p[i] as number)) / rank);
    adjusted[i] = least;
  }
  return adjusted;
}
