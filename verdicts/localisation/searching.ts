/** The searches of a judge, one a case of pairs: asked, told and read together. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { EndedTrial } from '../criteria/ledger.ts';
import type { NodeWord } from '../criteria/node-facts.ts';
import type { Track } from '../criteria/track.ts';
import type { Finding, JudgeSetup, Request, Verdict } from '../model.ts';
import type { Planner } from '../requests/planner.ts';
import type { Below } from '../requests/placement.ts';
import { count, some } from '../show.ts';
import type { Blamed } from './common-cause.ts';
import { GroupSearches } from './group-search.ts';
import { PairSearch } from './pair-search.ts';

/** Step of the ladder on which pairs are. */
const PAIRS = 1;

/** What the searches ask the rest of the judge. */
export interface Asking {
  readonly round: number;
  readonly planner: Planner;
  /** Nodes that may be tested. */
  readonly nodes: readonly Node[];
  readonly below: Below;
  readonly failed: (node: string) => boolean;
  /** Cases that the planner asked for in this round. */
  readonly planned: ReadonlySet<string>;
}

export interface Searching {
  /** Of domains and the lot. */
  readonly ofGroups: GroupSearches;
  /** By Case.id. */
  readonly byCase: ReadonlyMap<string, PairSearch>;
  /** Gives every search the criteria on its links that have no confirmations of their own. */
  join(tracks: readonly Track[]): void;
  /** Whether a trial was asked for by a search, not by the planner. */
  asked(trial: Pick<EndedTrial, 'case' | 'nodes'>): boolean;
  next(asking: Asking): Request[];
  /** Grows whenever what the searches say of nodes or want of the planner has changed. */
  readonly progress: number;
  /** The finding on a pair, with whose fault it is. */
  held(finding: Finding, track: Track): Finding;
  /** Why a node is at fault by failures with cleared partners. */
  failuresOf(node: string): NodeWord | undefined;
  /** Whose fault a failed trial is; undefined: not known. */
  guilty(of: string, nodes: readonly string[]): readonly string[] | undefined;
  /** Why a node is at fault with what it shares, or in doubt by the halving of a slow group. */
  sharedWordOf(node: string): NodeWord | undefined;
  readonly groups: Verdict['groups'];
}

/** A search for each case of pairs. */
export function createSearching(setup: JudgeSetup): Searching {
  const { plan, nodes } = setup;
  const risks = { wanted: plan.decision.producerRisk, pass: plan.decision.consumerRisk };
  const byCase = new Map(
    setup.cases
      .filter((one) => one.scope === 'pair')
      .map((one) => [one.id, new PairSearch(one, nodes, plan.seed, risks)] as const),
  );
  const all = [...byCase.values()];
  const ofGroups = new GroupSearches(setup.cases);
  const searchOf = (track: Track) => byCase.get(track.sources[0]?.case.id ?? '');
  const blamed = () => all.flatMap((search) => search.blamed.map((group) => ({ group, search })));

  return {
    byCase,
    ofGroups,
    join(tracks) {
      for (const track of tracks) {
        const { criterion, sources } = track;
        if (criterion.decide === 'level' || !isMandatoryLink(criterion)) continue;
        for (const id of new Set(sources.map((source) => source.case.id))) {
          byCase.get(id)?.join({ linkWord: (pair) => track.standing(pair) });
        }
      }
    },
    asked: (trial) =>
      byCase.get(trial.case)?.role(trial.nodes) !== undefined || ofGroups.asked(trial),
    next({ round, planner, nodes: may, below, failed, planned }) {
      return all.flatMap((search) => {
        const { id } = search.of;
        return search.next({
          round,
          placements: planner.placements(id),
          waiting:
            planned.has(id) ||
            may.some((node) => !failed(node.id) && below(node.id, PAIRS) === undefined),
          failed,
          place: (pair) => planner.place(id, pair),
        });
      });
    },
    get progress() {
      return all.reduce((sum, search) => sum + search.progress, 0);
    },
    held(finding, track) {
      const { subject, verdict } = finding;
      if (subject.kind !== 'link' || (verdict !== 'fail' && verdict !== 'inconclusive')) {
        return finding;
      }
      const search = searchOf(track);
      const guilty = search?.guilty(subjectNodes(subject));
      if (guilty === undefined || (guilty.length === 0 && verdict !== 'fail')) return finding;
      const whose =
        guilty.length === 0
          ? 'both ends are well with every other partner: it is the link’s own'
          : `held against ${named(guilty, search?.blamed ?? [])}`;
      return { ...finding, reason: `${finding.reason}; ${whose}`, guilty };
    },
    failuresOf(node) {
      const search = all.find((one) => one.failures(node).length > 0);
      if (search === undefined) return ofGroups.wordOf(node, 'fails');
      const attempts = search.failures(node);
      return {
        verdict: 'fail',
        reason: `${count(attempts.length, 'trial')} of ${search.of.id} failed or gave a wrong result with cleared partners (${some(search.partners(node))})`,
        attempts,
      };
    },
    guilty: (of, ids) => byCase.get(of)?.guilty(ids) ?? ofGroups.guilty(of, ids),
    sharedWordOf(node) {
      const own = blamed().find(({ group }) => group.nodes.includes(node));
      if (own === undefined) return ofGroups.wordOf(node, 'slow');
      return { verdict: 'fail', reason: `${sentence(own.group)}; nonconforming until re-tested` };
    },
    get groups() {
      return blamed().map(({ group }) => ({
        domain: group.domain,
        nodes: group.nodes,
        verdict: 'fail' as const,
        reason: sentence(group),
      }));
    },
  };
}

/** The nodes, or what they share where that is blamed. */
function named(guilty: readonly string[], blamed: readonly Blamed[]): string {
  const names = guilty.map((node) => {
    const group = blamed.find((one) => one.nodes.includes(node));
    return group === undefined ? node : `${group.domain.kind} ${group.domain.id}`;
  });
  return [...new Set(names)].join(' and ');
}

function isMandatoryLink({ per, mandatory }: Criterion): boolean {
  return per === 'link' && mandatory;
}

function sentence({ domain, suspects, nodes, p }: Blamed): string {
  const chance = p < 1e-12 ? '< 1e-12' : p.toPrecision(2);
  return `${domain.kind} ${domain.id} is at fault: ${suspects.length} of its ${nodes.length} nodes are slow with partners elsewhere (chance ${chance})`;
}
