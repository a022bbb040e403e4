/** Which case's output a criterion is judged on. */
import type { Criterion, Parameters, Subject } from '../../plan/model.ts';
import { matches, parametersKey } from '../../plan/subject.ts';
import type { Case } from '../../suites/model.ts';

/** One thing that a case promises and a criterion is judged on. */
export interface Source {
  readonly case: Case;
  /** Metric, check or digest. */
  readonly name: string;
  readonly parameters: Parameters;
  readonly per: Subject['kind'];
  readonly as: 'sample' | 'check' | 'digest';
}

/** Every promise of every case, in case order. */
export function sourcesOf(cases: readonly Case[]): Source[] {
  return cases.flatMap((one) =>
    one.gives.map((give) => ({
      case: one,
      name: give.metric,
      parameters: give.parameters ?? one.parameters,
      per: give.per,
      as: give.as ?? 'sample',
    })),
  );
}

/** The promises that a criterion is judged on; empty where no suite of the plan measures it. */
export function sourcesFor(criterion: Criterion, sources: readonly Source[]): Source[] {
  return sources.filter(
    (source) =>
      source.name === criterion.metric &&
      source.per === criterion.per &&
      (source.as === 'sample') === (criterion.decide !== 'exact') &&
      matches(criterion.where, source.parameters),
  );
}

/**
 * Why a level or tail criterion can't be judged on these promises: none, or several different
 * measurements that must not be pooled. `undefined` where it can.
 */
export function unfit(criterion: Criterion, sources: readonly Source[]): string | undefined {
  // Counts come with every trial, from the companion, and no case gives them.
  if (criterion.decide === 'events') return undefined;
  if (sources.length === 0) {
    return `no case of this plan measures ${criterion.metric} ${parametersKey(criterion.where)} per ${criterion.per} here`;
  }
  const different = new Set(
    sources.map((source) => `${source.case.id} ${parametersKey(source.parameters)}`),
  );
  if (criterion.decide === 'tail') {
    // A tally counts what is beyond the suite's own bound: another limit would be another count.
    const bound = sources[0]?.parameters['slo'];
    if (typeof bound === 'number' && bound !== criterion.limit.value) {
      return `the requests are counted against the SLO's ${bound}, and the limit is ${criterion.limit.value}: write the same`;
    }
  }
  if (criterion.decide === 'exact' || different.size === 1) return undefined;
  return `"where" fits ${different.size} different measurements (${[...different].slice(0, 2).join('; ')} …): name one`;
}
