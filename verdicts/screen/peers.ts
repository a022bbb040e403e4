/** Peer screen (STATISTICS 2.5): who is odd among its peers is measured again; it can reject nobody. */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import { median } from 'simple-statistics';
import type { Criterion } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Cell } from '../criteria/cells.ts';
import { adjustBenjaminiHochberg } from '../statistics/p-adjust.ts';
import { madScale } from '../statistics/mad-scale.ts';
import { some } from '../show.ts';

const CUT = -3;
/** Practical floor: 2 % below the peers' median. */
const SHORTFALL = -0.02;
/** Fewer peers have no median worth the name. */
const PEERS = 10;

/**
 * Marks the suspects for a retest: their values so far choose them and count no more, so that however
 * heavy the tail was that made them odd, the test that follows is valid.
 *
 * @param sigma repeatability, relative: floor of the scale where clocks are quantised
 * @param logRatio value → ln scale, higher is better
 * @returns a note that ranks the suspects by their false discovery rate; none without suspects
 */
export function screenPeers(
  criterion: Criterion,
  cells: readonly Cell[],
  sigma: number,
  logRatio: (value: number) => number,
): string[] {
  const means = cells.map((cell) => meanOf(cell.values.map(logRatio)));
  const finite = means.filter(Number.isFinite);
  if (finite.length < PEERS) return [];
  const middle = median(finite);
  const scale = Math.max(madScale(finite), sigma);
  const scores = means.map((mean) => (mean - middle) / scale);
  const suspects = cells.flatMap((cell, i) => {
    const mean = means[i] as number;
    const score = scores[i] as number;
    if (cell.values.length === 0 || !(score <= CUT && mean - middle <= SHORTFALL)) return [];
    cell.from = cell.values.length;
    cell.folded = cell.values.length;
    return [{ cell, score }];
  });
  if (suspects.length === 0) return [];
  const adjusted = adjustBenjaminiHochberg(
    scores.filter((score) => !Number.isNaN(score)).map((score) => normalCdf(score, 0, 1)),
  );
  const rates = new Map<number, number>();
  for (const [i, score] of scores.filter((one) => !Number.isNaN(one)).entries()) {
    rates.set(score, adjusted[i] as number);
  }
  const ranked = suspects.sort((a, b) => a.score - b.score);
  const named = ranked.map(
    ({ cell, score }) =>
      `${subjectKey(cell.subject)} (z ${score.toFixed(1)}, false discovery rate ${(rates.get(score) ?? 1).toPrecision(2)})`,
  );
  return [
    `${criterion.id}: odd among ${finite.length} peers, so measured again on fresh trials: ${some(named, 10)}`,
  ];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
