/** What the pairs of a plan cost: the screen beside the full sweep, and the sweep's part of an estimate. */
import type { Estimate } from '../campaign/estimate.ts';
import type { Criterion, Plan } from '../plan/model.ts';
import { matches } from '../plan/subject.ts';
import type { Case } from '../suites/model.ts';
import { pairPrices, type PairPrices } from '../verdicts/localisation/price.ts';

/** Seconds that a trial costs beside its program, as the dry run counts them. */
const OVERHEAD = 1;

/** What the pairs of one case cost, and the repeatability that this rests on. */
export interface ForecastPairs extends PairPrices {
  /** Relative. */
  readonly sigma: number;
  readonly assumed: boolean;
}

/**
 * A row for each case of pairs that a level criterion is judged on.
 *
 * @param assumed relative repeatability where the plan states none
 */
export function planPairs(
  plan: Plan,
  cases: readonly Case[],
  nodes: number,
  assumed: number,
): ForecastPairs[] {
  const { sigma, consumerRisk, producerRisk } = plan.decision;
  return cases.flatMap((one): ForecastPairs[] => {
    const criterion = plan.criteria.find((each) => judgedOn(each, one));
    if (criterion === undefined || nodes < 2) return [];
    const stated = sigma === 'none' ? undefined : sigma?.[criterion.metric];
    const relative = stated ?? assumed;
    const size = { nodes, distance: wayToLimit(criterion) / relative, overhead: OVERHEAD };
    const prices = pairPrices(one, size, producerRisk, consumerRisk);
    return [{ ...prices, sigma: relative, assumed: stated === undefined }];
  });
}

/** The estimate with the sweeps that the plan buys; the dry loop leaves them out, they are rounds like each other. */
export function withSweeps(
  estimate: Estimate,
  pairs: readonly ForecastPairs[],
  nodes: number,
  perNodeHour: number | undefined,
): Estimate {
  let { rounds, trials, wallTime, nodeHours } = estimate;
  for (const { sweep, bought } of pairs) {
    if (!bought) continue;
    rounds += sweep.rounds;
    trials += sweep.rounds * Math.floor(nodes / 2);
    wallTime += sweep.wallTime;
    nodeHours += sweep.nodeHours;
  }
  const cost = perNodeHour === undefined ? {} : { cost: nodeHours * perNodeHour };
  return { ...estimate, rounds, trials, wallTime, nodeHours, ...cost };
}

function judgedOn(criterion: Criterion, one: Case): boolean {
  return (
    one.scope === 'pair' &&
    criterion.per === 'link' &&
    criterion.decide === 'level' &&
    one.gives.some(
      (give) =>
        give.metric === criterion.metric &&
        matches(criterion.where, give.parameters ?? one.parameters),
    )
  );
}

/** ln; without a nominal the search finds what is 5 % short. */
function wayToLimit({ limit, nominal, bound }: Criterion): number {
  const ratio = nominal === undefined ? 1.05 : nominal.value / limit.value;
  return bound === 'at-least' || nominal === undefined ? Math.log(ratio) : -Math.log(ratio);
}
