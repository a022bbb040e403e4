/** Screen: both ends of a pair that falls short are suspects (STATISTICS 5.3). */

/**
 * Marks suspects.
 *
 * @param pairs by index: `pairs[2i]` ran with `pairs[2i + 1]`
 * @param shortfall of each pair, in any unit
 * @param cut half of the loss that must be found, in that unit
 * @param suspects by node: set to 1
 */
export function screenPairs(
  pairs: Int32Array,
  shortfall: Float64Array,
  cut: number,
  suspects: Uint8Array,
): void {
  for (const [at, short] of shortfall.entries()) {
    // Written so that a result which is no number is suspect.
    if (short <= cut) continue;
    suspects[pairs[2 * at] as number] = 1;
    suspects[pairs[2 * at + 1] as number] = 1;
  }
}
