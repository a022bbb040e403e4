/** What is known of a node in the scopes below one: what lets it in. */
import type { Node } from '../../runners/model.ts';
import type { PairSearch } from '../localisation/pair-search.ts';
import { worstWord, type Track } from '../criteria/track.ts';
import type { Word } from '../model.ts';
import { stepOf, type Below } from './placement.ts';
import type { Planner } from './planner.ts';

/**
 * @returns a function with its own memory, good until the next reading
 */
export function createBelow(
  tracks: readonly Track[],
  nodes: readonly Node[],
  planner: Planner,
  searches: ReadonlyMap<string, PairSearch>,
): Below {
  const facts = tracks.filter((track) => track.onNodes || track.criterion.decide === 'events');
  const measuring = tracks
    .filter((track) => track.sources.length > 0 && track.criterion.mandatory)
    .map((track) => ({
      track,
      top: Math.max(...track.sources.map((source) => stepOf(source.case.scope))),
    }));
  const failing = new Set(
    nodes
      .filter((node) =>
        facts.some((track) => track.criterion.mandatory && track.standing([node.id]) === 'fail'),
      )
      .map((node) => node.id),
  );
  const memory = new Map<string, Word | undefined>();
  const compute = (node: string, step: number): Word | undefined => {
    if (failing.has(node)) return 'fail';
    const words: (Word | undefined)[] = [];
    for (const { track, top } of measuring) {
      if (top >= step) continue;
      const search = searches.get(track.sources[0]?.case.id ?? '');
      // Whose fault a pair is, is the search's to say.
      if (search !== undefined && track.criterion.per === 'link') words.push(search.standing(node));
      else words.push(...wordsOn(track, node, planner));
    }
    const known = words.filter((word) => word !== undefined);
    const worst = worstWord(known);
    // A word that is not a pass keeps the node out, whatever else is still open.
    if (worst !== undefined && worst !== 'pass') return worst;
    return known.length < words.length ? undefined : 'pass';
  };
  return (node, step) => {
    const key = `${node} ${step}`;
    if (!memory.has(key)) memory.set(key, compute(node, step));
    return memory.get(key);
  };
}

function wordsOn(track: Track, node: string, planner: Planner): (Word | undefined)[] {
  const { per } = track.criterion;
  if (per === 'node' || per === 'accelerator') return [settledWord(track, node, planner)];
  return track.sources.flatMap((source) => {
    // A broken placement is made up for by another, or by none: then the node is still open.
    const held = planner.holding(source.case.id, node).filter((one) => !one.broken);
    if (held.length === 0) return [undefined];
    return held.map((one) => (one.asked === 0 ? undefined : track.standing(one.nodes)));
  });
}

/** A node whose every trial of a case broke is not waited for. */
function settledWord(track: Track, node: string, planner: Planner): Word | undefined {
  const word = track.standing([node]);
  if (word !== undefined) return word;
  const broken = track.sources.some((source) =>
    planner.holding(source.case.id, node).some((one) => one.broken && one.nodes.length === 1),
  );
  return broken ? 'not-tested' : undefined;
}
