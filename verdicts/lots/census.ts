/** The lot's word when every unit was to be tested (STATISTICS 3.2). Fail-closed. */
import type { Criterion, Decision } from '../../plan/model.ts';
import type { LotWord, Word } from '../model.ts';
import { count, some } from '../show.ts';
import { lostUnits, nameOfUnit, type LostUnit, type Unit } from './units.ts';

/** What the lot's word rests on. */
export interface LotFacts {
  readonly units: readonly Unit[];
  /** Units bought; those that nobody showed are not tested. */
  readonly delivered: number;
  readonly decision: Decision;
  /** Mandatory failing findings that name no single node, as sentences with the nodes that they hold. */
  readonly wide: readonly { readonly nodes: readonly string[]; readonly text: string }[];
  /** Reasons why it can't be accepted whatever the units say. */
  readonly bars: readonly string[];
}

/** Counts of units, the word and why. */
export interface LotResult {
  readonly verdict: LotWord;
  readonly reasons: readonly string[];
  readonly delivered: number;
  readonly tested: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly inconclusive: number;
  readonly notTested: number;
  /** Units of several nodes that failed; absent: none. */
  readonly lost?: readonly LostUnit[];
}

/** F > c rejects; F + I ≤ c with every unit tested accepts; anything else does neither. */
export function judgeCensus(facts: LotFacts): LotResult {
  const { units, decision, bars } = facts;
  const delivered = Math.max(facts.delivered, units.length);
  const of = (word: Word) => units.filter((unit) => unit.verdict === word);
  const failed = of('fail');
  const doubtful = of('inconclusive');
  const notTested = of('not-tested').length + delivered - units.length;
  const lost = lostUnits(units);
  const counts = {
    ...(lost.length > 0 && { lost }),
    delivered,
    tested: delivered - notTested,
    accepted: of('pass').length,
    rejected: failed.length,
    inconclusive: doubtful.length,
    notTested,
  };
  const c = decision.nonconforming;
  const hidden = hiddenFailures(facts, failed);
  const nonconforming =
    failed.length +
    hidden.length +
    (decision.inconclusive === 'reject' ? doubtful.length - coveredBy(hidden, doubtful) : 0);
  const doubt = decision.inconclusive === 'accept' ? 0 : doubtful.length;
  const reasons: string[] = [];
  if (failed.length > 0) {
    reasons.push(
      `${count(failed.length, 'unit')} of ${delivered} nonconforming: ${some(failed.map(nameOfUnit))}`,
    );
  }
  reasons.push(...hidden.map((one) => one.text));
  if (doubtful.length > 0) {
    reasons.push(
      `${count(doubtful.length, 'unit')} inconclusive (${HOLD[decision.inconclusive]}): ${some(doubtful.map(nameOfUnit))}`,
    );
  }
  if (notTested > 0) reasons.push(`${count(notTested, 'unit')} of ${delivered} not fully tested`);
  const allowed = c === 0 ? 'none may be' : `${c} may be`;
  if (nonconforming > c) {
    return {
      verdict: 'reject',
      reasons: [
        ...reasons,
        `at least ${count(nonconforming, 'unit')} nonconforming where ${allowed}`,
        ...bars,
      ],
      ...counts,
    };
  }
  if (counts.tested === 0) {
    return { verdict: 'not-tested', reasons: [...reasons, ...bars], ...counts };
  }
  if (notTested > 0 || nonconforming + doubt > c || bars.length > 0) {
    return { verdict: 'inconclusive', reasons: [...reasons, ...bars], ...counts };
  }
  const accepted = `${counts.accepted} of ${delivered} units conform to every mandatory criterion`;
  return { verdict: 'accept', reasons: [...reasons, accepted], ...counts };
}

const HOLD: Readonly<Record<Decision['inconclusive'], string>> = {
  hold: 'held',
  accept: 'the buyer bears the doubt',
  reject: 'the provider bears the doubt',
};

/**
 * Failing pairs, groups and the lot itself hold at least one nonconforming unit each where no unit of
 * theirs fails by itself; disjoint ones hold different units.
 */
function hiddenFailures(facts: LotFacts, failed: readonly Unit[]) {
  const blamed = new Set(failed.flatMap((unit) => unit.nodes));
  const hidden: { nodes: readonly string[]; text: string }[] = [];
  for (const one of facts.wide) {
    if (one.nodes.some((node) => blamed.has(node))) continue;
    // The lot as a whole: short of what was bought, whichever unit it is.
    if (one.nodes.length === 0 && (failed.length > 0 || hidden.length > 0)) continue;
    hidden.push(one);
    for (const node of one.nodes) blamed.add(node);
  }
  return hidden;
}

function coveredBy(
  hidden: readonly { nodes: readonly string[] }[],
  units: readonly Unit[],
): number {
  return hidden.filter((one) =>
    units.some((unit) => unit.nodes.some((node) => one.nodes.includes(node))),
  ).length;
}

/** Why a plan's criteria can't carry an accept, if they can't. */
export function criteriaBars(
  criteria: readonly Criterion[],
  knownPart: boolean,
  sku: string,
): string[] {
  const mandatory = criteria.filter((criterion) => criterion.mandatory);
  const bars: string[] = [];
  if (!knownPart) bars.push(`no limits known for ${sku}: the part is not in the catalogue`);
  if (mandatory.length === 0)
    bars.push('the plan has no mandatory criterion: nothing was promised');
  else if (mandatory.every((criterion) => criterion.standing === 'sanity')) {
    bars.push('every limit is a sanity floor: it may reject and may not accept alone');
  }
  return bars;
}
