/** From plan and cases to the tracks of a judge. */
import type { Criterion, Parameters, Subject } from '../../plan/model.ts';
import { parametersKey } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { JudgeSetup, Repeatability } from '../model.ts';
import { createCells, subjectsOn } from './cells.ts';
import { digestTrack } from './digest.ts';
import { eventsTrack } from './events.ts';
import { exactTrack } from './exact.ts';
import { givenCriterion, NODE_CRITERIA } from './implicit.ts';
import type { Ledger } from './ledger.ts';
import { levelTrack } from './level.ts';
import { linkTrack } from './links.ts';
import type { PairSearch } from '../localisation/pair-search.ts';
import { tailTrack } from './tail.ts';
import { sourcesFor, sourcesOf, unfit, type Source } from './sources.ts';
import { READINESS } from './readiness.ts';
import type { Track } from './track.ts';

/** A criterion with what it is judged on. */
interface Placed {
  readonly criterion: Criterion;
  readonly implicit: boolean;
  readonly sources: readonly Source[];
}

/** Tracks on what cases give: the plan's criteria in its order, then checks and digests that none of them names. */
export function caseTracks(
  setup: JudgeSetup,
  ledger: Ledger,
  searches: ReadonlyMap<string, PairSearch>,
): Track[] {
  const all = sourcesOf(setup.cases);
  const placed: Placed[] = setup.plan.criteria
    .filter((criterion) => !(criterion.metric in NODE_CRITERIA))
    .map((criterion) => ({ criterion, implicit: false, sources: sourcesFor(criterion, all) }));
  placed.push(...unnamed(setup, all, placed));
  const decisions = placed.reduce(
    (sum, one) => sum + (one.criterion.decide === 'exact' ? 0 : partsOf(one, setup.nodes)),
    0,
  );
  const risks = { decision: setup.plan.decision, decisions };
  const metrics = new Map(setup.metrics.map((metric) => [metric.id, metric]));
  const known = new Map(setup.repeatability?.map((one) => [keyOf(one), one]));
  return placed.map((one) => {
    const { criterion, sources, implicit } = one;
    const options = {
      criterion,
      sources,
      implicit,
      cells: createCells(criterion.per, setup.nodes),
      ledger,
      unfit: unfit(criterion, sources),
    };
    const metric = metrics.get(criterion.metric);
    const digests = sources.some((source) => source.as === 'digest');
    switch (criterion.decide) {
      case 'exact':
        return digests ? digestTrack({ ...options, nodes: setup.nodes }) : exactTrack(options);
      case 'events':
        return eventsTrack({ ...options, metric });
      case 'tail':
        return tailTrack({ ...options, metric, risks });
      case 'level': {
        const level = {
          ...options,
          metric,
          risks,
          parts: partsOf(one, setup.nodes),
          known: known.get(
            keyOf({
              metric: criterion.metric,
              parameters: sources[0]?.parameters ?? criterion.where,
            }),
          ),
        };
        const search = searches.get(sources[0]?.case.id ?? '');
        return search !== undefined &&
          criterion.per === 'link' &&
          criterion.mandatory &&
          options.unfit === undefined
          ? linkTrack(level, setup.nodes, search)
          : levelTrack(level);
      }
    }
  });
}

function unnamed(
  setup: JudgeSetup,
  all: readonly Source[],
  placed: readonly Placed[],
): readonly Placed[] {
  const named = new Set(placed.flatMap((one) => one.sources));
  const taken = new Set(setup.plan.criteria.map((criterion) => criterion.id));
  const left = new Map<string, Source[]>();
  for (const source of all) {
    // What the inventory could not read is listed, not missing: `readiness` looks at what it could.
    const readiness = source.name.startsWith(READINESS);
    if (source.as === 'sample' || readiness || named.has(source)) continue;
    const key = `${source.name} ${source.per}`;
    const own = left.get(key) ?? [];
    left.set(key, own);
    own.push(source);
  }
  return [...left.values()].flatMap((sources) => {
    const [first] = sources;
    if (first === undefined) return [];
    let id = first.name;
    while (taken.has(id)) id += '.elsewhere';
    taken.add(id);
    return [{ criterion: givenCriterion(first.name, id, first.per), implicit: true, sources }];
  });
}

/** Subjects that the fleet is known to have for a criterion, before any trial. */
function partsOf(one: Placed, nodes: readonly Node[]): number {
  const per: Subject['kind'] = one.criterion.per;
  if (per === 'node' || per === 'accelerator') {
    return nodes.reduce((sum, node) => sum + subjectsOn(per, node).length, 0);
  }
  const scope = one.sources[0]?.case.scope;
  if (scope === 'node' || scope === 'endpoint') return nodes.length;
  if (scope === 'pair')
    return Math.ceil(nodes.length / 2) * railsOf(one.sources[0]?.case.parameters);
  return 1;
}

/** Links of a pair: one, or one a rail. */
function railsOf(parameters: Parameters | undefined): number {
  const rails = parameters?.['rails'];
  return typeof rails === 'number' ? rails : 1;
}

function keyOf(one: Pick<Repeatability, 'metric' | 'parameters'>): string {
  return `${one.metric} ${parametersKey(one.parameters)}`;
}
