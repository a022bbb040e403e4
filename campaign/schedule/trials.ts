/** Requests of the judge → trials in the order in which they should start. */
import { groupKey } from '../../plan/subject.ts';
import type { Criterion } from '../../plan/model.ts';
import { matches } from '../../plan/subject.ts';
import type { Case, Trial, Why } from '../../suites/model.ts';
import type { Request } from '../../verdicts/model.ts';

/** Single nodes first, the whole lot last: a node enters a scope when what is below has been seen. */
const SCOPES: readonly Case['scope'][] = ['node', 'endpoint', 'pair', 'domain', 'lot'];

/** Names the nodes of a trial: the id, `a~b`, or `g` and the group's key. */
export function nodesKey(nodes: readonly string[]): string {
  return nodes.length <= 2 ? nodes.join('~') : `g${groupKey(nodes)}`;
}

/** Numbers the trials of a run; the same requests in the same rounds give the same ids. */
export class TrialNames {
  readonly #ordinals = new Map<string, number>();

  /** The trials of one round, in the order of the requests. */
  name(requests: readonly Request[], round: number): Trial[] {
    return requests.flatMap((request) =>
      request.groups.map((group) => this.#one(request.case, group, round, request.why)),
    );
  }

  #one(of: string, group: readonly string[], round: number, why: Why): Trial {
    const nodes = [...group].sort();
    const key = `${of}@${nodesKey(nodes)}`;
    const ordinal = this.#ordinals.get(key) ?? 0;
    this.#ordinals.set(key, ordinal + 1);
    return { id: `${key}#${ordinal}`, case: of, nodes, ordinal, round, why };
  }
}

/** Start order: scope, then repeats one after another over all cases, so that a stop leaves breadth. */
export function startOrder(
  trials: readonly Trial[],
  cases: ReadonlyMap<string, Case>,
): readonly Trial[] {
  const places = new Map([...cases.keys()].map((id, at) => [id, at]));
  const scope = (trial: Trial) => SCOPES.indexOf(cases.get(trial.case)?.scope ?? 'lot');
  return [...trials].sort(
    (a, b) =>
      scope(a) - scope(b) ||
      a.ordinal - b.ordinal ||
      (places.get(a.case) ?? 0) - (places.get(b.case) ?? 0) ||
      (a.id < b.id ? -1 : 1),
  );
}

/** Ids of the timed cases: those that feed a level or a tail criterion. */
export function timedCases(
  cases: readonly Case[],
  criteria: readonly Criterion[],
): ReadonlySet<string> {
  const timing = criteria.filter(({ decide }) => decide === 'level' || decide === 'tail');
  const feeds = (one: Case) =>
    one.gives.some((given) =>
      timing.some(
        ({ metric, where }) =>
          metric === given.metric && matches(where, given.parameters ?? one.parameters),
      ),
    );
  return new Set(cases.filter(feeds).map((one) => one.id));
}
