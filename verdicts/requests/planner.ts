/** From what the criteria still want to the requests of a round. */
import type { Node } from '../../runners/model.ts';
import type { Case, Why } from '../../suites/model.ts';
import type { EndedTrial } from '../criteria/ledger.ts';
import type { Track } from '../criteria/track.ts';
import { namesNobody } from '../localisation/search-model.ts';
import type { Request } from '../model.ts';
import { newPlacements, type Below, type Placement } from './placement.ts';

/** Asks for trials, round by round. */
export interface Planner {
  /** Marks what of the round that ends was not measured. */
  ended(trials: readonly EndedTrial[]): void;
  /**
   * @param nodes that may be tested now, in plan order
   * @param failed nodes that no more trials are spent on
   */
  next(
    round: number,
    nodes: readonly Node[],
    below: Below,
    failed: (node: string) => boolean,
  ): readonly Request[];
  /** Places a case on nodes, to be measured until it is decided. */
  place(of: string, nodes: readonly string[]): void;
  /** Groups that a case was placed on, in order. */
  placements(of: string): readonly Placement[];
  /** Those of a case that hold a node. */
  holding(of: string, node: string): readonly Placement[];
}

/** Nothing placed yet. */
export function createPlanner(
  cases: readonly Case[],
  tracks: readonly Track[],
  seed: number,
): Planner {
  const placed = new Map<string, Placement[]>(cases.map((one) => [one.id, []]));
  const byKey = new Map<string, Placement>();
  const byNode = new Map<string, Placement[]>();
  const judgedBy = new Map(
    cases.map((one) => [
      one.id,
      tracks.filter((track) => track.sources.some((source) => source.case.id === one.id)),
    ]),
  );
  const add = (of: string, placement: Placement) => {
    placed.get(of)?.push(placement);
    byKey.set(keyOf(of, placement.nodes), placement);
    for (const node of placement.nodes) {
      const key = keyOf(of, [node]);
      const own = byNode.get(key);
      if (own === undefined) byNode.set(key, [placement]);
      else own.push(placement);
    }
  };
  return {
    ended(trials) {
      for (const trial of trials) {
        let placement = byKey.get(keyOf(trial.case, trial.nodes));
        if (placement === undefined) {
          // Not asked for by us: the inventory, which runs before there is a judge.
          placement = { nodes: trial.nodes, asked: 1, broken: false };
          add(trial.case, placement);
        }
        if (trial.measured) continue;
        placement.broken = true;
        const outcome = trial.failure?.outcome;
        if (outcome !== undefined && namesNobody(outcome, trial.nodes)) placement.suspect = true;
      }
    },
    next(round, nodes, below, failed) {
      const requests: Request[] = [];
      for (const of of cases) {
        const has = placed.get(of.id) ?? [];
        for (const placement of newPlacements(of, nodes, has, below, seed, round)) {
          add(of.id, placement);
        }
        const wanted = new Map<Why, string[][]>();
        for (const placement of has) {
          const want = wantOf(of, placement, judgedBy.get(of.id) ?? [], failed);
          if (want === undefined) continue;
          placement.asked += want.trials;
          const groups = wanted.get(want.why) ?? [];
          wanted.set(want.why, groups);
          for (let i = 0; i < want.trials; i += 1) groups.push([...placement.nodes]);
        }
        for (const [why, groups] of wanted) requests.push({ case: of.id, groups, why });
      }
      return requests;
    },
    place: (of, nodes) => add(of, { nodes: [...nodes].sort(), asked: 0, broken: false }),
    placements: (of) => placed.get(of) ?? [],
    holding: (of, node) => byNode.get(keyOf(of, [node])) ?? [],
  };
}

function wantOf(
  of: Case,
  placement: Placement,
  tracks: readonly Track[],
  failed: (node: string) => boolean,
): { trials: number; why: Why } | undefined {
  if (placement.broken || placement.nodes.some((node) => failed(node))) return undefined;
  // A case that no criterion needs runs once, for show.
  let want = { trials: placement.asked === 0 ? 1 : 0, why: 'planned' as Why };
  for (const track of tracks) {
    const one = track.want(of, placement.nodes);
    // What was planned is asked for once: a trial that gave nothing is not tried again.
    if (placement.asked > 0 && one.why === 'planned') continue;
    if (one.trials > want.trials) want = { trials: one.trials, why: one.why };
  }
  return want.trials > 0 ? want : undefined;
}

function keyOf(of: string, nodes: readonly string[]): string {
  return `${of}@${nodes.join('~')}`;
}
