/** Who of a domain or of the whole lot is at fault, where it failed without a word of who or is slow at its size: halves. */
import type { Case } from '../../suites/model.ts';
import { byText, type EndedTrial } from '../criteria/ledger.ts';
import type { NodeWord } from '../criteria/node-facts.ts';
import type { Request, Word } from '../model.ts';
import type { Placement } from '../requests/placement.ts';
import { count, some } from '../show.ts';
import { createHalving, type Halving } from './halving.ts';
import { namesNobody } from './search-model.ts';

/** Trials of each half: one tells that it fails, three that it is slow (STATISTICS 5.6). */
const REPEATS = { fails: 1, slow: 3 } as const;

interface Search {
  readonly of: Case;
  readonly nodes: readonly string[];
  readonly kind: keyof typeof REPEATS;
  readonly halving: Halving;
  /** Groups of the round under way: trials that failed without a word of who, that ended, and ln ratios. */
  running: Map<string, { failed: number; ended: number; ratios: number[] }>;
  readonly attempts: Map<string, string[]>;
  done: boolean;
}

/** What was asked about the groups that the planner placed. */
export interface GroupAsking {
  placements(of: string): readonly Placement[];
  /** Worst word of the level criteria on a group. */
  levelWord(of: Case, nodes: readonly string[]): Word | undefined;
}

export class GroupSearches {
  readonly #cases: readonly Case[];
  readonly #searches = new Map<string, Search>();

  constructor(cases: readonly Case[]) {
    this.#cases = cases.filter((one) => one.scope === 'domain' || one.scope === 'lot');
  }

  /** Whether a trial of this round is one of a search. */
  asked(trial: Pick<EndedTrial, 'case' | 'nodes'>): boolean {
    return this.#running(trial) !== undefined;
  }

  /** A value of a half. @param y ln of the value over the limit, positive where it conforms */
  record(trial: Pick<EndedTrial, 'case' | 'nodes'>, y: number): void {
    this.#running(trial)?.group.ratios.push(y);
  }

  /** End of a round. */
  ended(trials: readonly EndedTrial[]): void {
    for (const trial of trials) {
      const running = this.#running(trial);
      if (running === undefined) continue;
      const { search, group } = running;
      const outcome = trial.failure?.outcome;
      const broke = !trial.measured && outcome !== undefined && outcome.owner !== 'harness';
      group.ended += 1;
      if (broke && (namesNobody(outcome, trial.nodes) || outcome.owner === 'node'))
        group.failed += 1;
      const attempt = `${trial.id}/${trial.failure?.ordinal ?? 0}`;
      for (const node of trial.nodes) {
        search.attempts.set(node, [...(search.attempts.get(node) ?? []), attempt]);
      }
    }
    for (const search of this.#searches.values()) {
      for (const [key, { failed, ended, ratios }] of [...search.running].sort(([a], [b]) =>
        byText(a, b),
      )) {
        if (ended === 0) continue;
        const sum = ratios.sort((a, b) => a - b).reduce((total, one) => total + one, 0);
        const bad = failed > 0 || (search.kind === 'slow' && ratios.length > 0 && sum < 0);
        search.halving.tell(key.split('~'), bad);
      }
      search.running = new Map();
      search.done ||= search.halving.next().length === 0;
    }
  }

  /** Halves to run now. */
  next(asking: GroupAsking): Request[] {
    for (const of of this.#cases) {
      for (const { nodes, broken, suspect } of asking.placements(of.id)) {
        const key = `${of.id}@${nodes.join('~')}`;
        if (this.#searches.has(key) || nodes.length < 2) continue;
        const slow = !broken && asking.levelWord(of, nodes) === 'fail';
        if (suspect !== true && !slow) continue;
        this.#searches.set(key, {
          of,
          nodes,
          kind: slow ? 'slow' : 'fails',
          halving: createHalving(nodes),
          running: new Map(),
          attempts: new Map(),
          done: false,
        });
      }
    }
    return [...this.#searches.values()].flatMap((search): Request[] => {
      if (search.done) return [];
      const groups = search.halving.next();
      for (const group of groups) {
        search.running.set(group.join('~'), { failed: 0, ended: 0, ratios: [] });
      }
      const repeats = REPEATS[search.kind];
      const trials = groups.flatMap((group) => Array.from({ length: repeats }, () => [...group]));
      return trials.length === 0 ? [] : [{ case: search.of.id, groups: trials, why: 'halve' }];
    });
  }

  /** Whose fault a failure of these nodes is; undefined: not known, or no search is through. */
  guilty(of: string, nodes: readonly string[]): readonly string[] | undefined {
    const named = this.#through('fails')
      .filter((search) => search.of.id === of)
      .flatMap((search) => search.halving.found.nodes)
      .filter((node) => nodes.includes(node));
    return named.length === 0 ? undefined : named;
  }

  /** Why a node is at fault, or in doubt: slow halves are no measurement of the node alone. */
  wordOf(node: string, kind: keyof typeof REPEATS): NodeWord | undefined {
    const search = this.#through(kind).find((one) => one.halving.found.nodes.includes(node));
    if (search === undefined) return undefined;
    const attempts = [...new Set(search.attempts.get(node))];
    const what = kind === 'fails' ? 'failed' : 'was slow';
    return {
      verdict: kind === 'fails' ? 'fail' : 'inconclusive',
      reason: `${search.of.id} on ${count(search.nodes.length, 'node')} ${what}; halved, it comes down to this node: ${count(attempts.length, 'trial')} with it, every group without it is well`,
      attempts,
    };
  }

  /** What halving came to that is no single node. */
  notes(): string[] {
    return [...this.#searches.values()].flatMap(({ of, nodes, kind, halving, done }) => {
      const { nodes: named, links, whole } = halving.found;
      const what = `${of.id} on ${count(nodes.length, 'node')} ${kind === 'fails' ? 'failed' : 'is slow'}`;
      if (!done) return [`${what}; halving was not ended`];
      return [
        ...(named.length > 0 ? [`${what}: halving names ${some(named)}`] : []),
        ...links.map(
          (ends) => `${what}: both halves are well, the fault lies between ${ends.join(' and ')}`,
        ),
        ...(whole.length > 0
          ? [
              `${what}: it does not show in smaller groups (${some(whole.map((one) => count(one.length, 'node')))})`,
            ]
          : []),
      ];
    });
  }

  #through(kind: keyof typeof REPEATS): Search[] {
    return [...this.#searches.values()].filter((search) => search.done && search.kind === kind);
  }

  #running(trial: Pick<EndedTrial, 'case' | 'nodes'>) {
    const key = trial.nodes.join('~');
    for (const search of this.#searches.values()) {
      const group = search.of.id === trial.case ? search.running.get(key) : undefined;
      if (group !== undefined) return { search, group };
    }
    return undefined;
  }
}
