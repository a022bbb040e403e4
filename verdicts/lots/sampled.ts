/** The lot's word from a sample of its units (STATISTICS 3.3). Fail-closed, as the census is. */
import type { Decision } from '../../plan/model.ts';
import { count, some } from '../show.ts';
import { upperLimit } from '../statistics/clopper-pearson.ts';
import { effectiveSize, intraclassCorrelation } from '../statistics/clustering.ts';
import type { LotFacts, LotResult } from './census.ts';
import { sampleWord, SAMPLING_RISK } from './sampling.ts';
import { lostUnits, nameOfUnit, type Unit } from './units.ts';

/**
 * @param drawn whether a unit was drawn
 * @param rackOf rack of a unit, for the clustering of defects
 */
export function judgeSample(
  facts: LotFacts,
  sampling: NonNullable<Decision['sampling']>,
  drawn: (unit: Unit) => boolean,
  rackOf: (unit: Unit) => string,
): LotResult {
  const sample = facts.units.filter(drawn);
  const delivered = Math.max(facts.delivered, facts.units.length);
  const failed = sample.filter((unit) => unit.verdict === 'fail');
  const doubtful = sample.filter((unit) => unit.verdict === 'inconclusive');
  const untested = sample.filter((unit) => unit.verdict === 'not-tested');
  const n = sample.length;
  const word = sampleWord(delivered, sampling, {
    n,
    failed: failed.length,
    open: doubtful.length + untested.length,
  });
  const lost = lostUnits(sample);
  const counts = {
    ...(lost.length > 0 && { lost }),
    delivered,
    tested: n - untested.length,
    accepted: n - failed.length - doubtful.length - untested.length,
    rejected: failed.length,
    inconclusive: doubtful.length,
    notTested: delivered - n + untested.length,
  };
  const reasons = [
    `${n} of ${count(delivered, 'unit')} drawn: ${failed.length} nonconforming, ${doubtful.length} inconclusive, ${untested.length} not tested`,
    ...(failed.length === 0 ? [] : [`nonconforming: ${some(failed.map(nameOfUnit))}`]),
    ...facts.wide.map((one) => one.text),
    `at 95 % confidence at most ${(100 * upperLimit(Math.min(n, counts.rejected), Math.max(1, n), 0.95)).toPrecision(3)} % of such units are nonconforming`,
    ...clustering(sample, rackOf),
  ];
  const rule = `sequential plan: accept at ${percent(sampling.accept)}, reject at ${percent(sampling.reject)} nonconforming, each with risk ${SAMPLING_RISK}`;
  if (word === 'reject') return { verdict: 'reject', reasons: [...reasons, rule], ...counts };
  const bars = [
    ...facts.bars,
    ...(facts.wide.length > 0 ? ['what fails between units is open'] : []),
  ];
  if (counts.tested === 0)
    return { verdict: 'not-tested', reasons: [...reasons, ...bars], ...counts };
  if (word === undefined || bars.length > 0) {
    const open = word === undefined ? ['the sample decides neither way'] : [];
    return { verdict: 'inconclusive', reasons: [...reasons, ...open, ...bars, rule], ...counts };
  }
  return { verdict: 'accept', reasons: [...reasons, rule], ...counts };
}

function clustering(sample: readonly Unit[], rackOf: (unit: Unit) => string): string[] {
  const racks = new Map<string, number[]>();
  for (const unit of sample) {
    const rack = rackOf(unit);
    if (rack === '') continue;
    const own = racks.get(rack) ?? [];
    racks.set(rack, own);
    own.push(unit.verdict === 'fail' ? 1 : 0);
  }
  const correlation = intraclassCorrelation([...racks.values()]);
  if (correlation === undefined || correlation <= 0) return [];
  const perRack = sample.length / racks.size;
  const worth = effectiveSize(sample.length, perRack, correlation);
  return [
    `defects cluster by rack (intraclass correlation ${correlation.toFixed(2)}): the ${sample.length} drawn are worth ${Math.floor(worth)}`,
  ];
}

function percent(share: number): string {
  return `${+(share * 100).toPrecision(3)} %`;
}
