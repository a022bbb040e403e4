/** What a search of pairs is asked and told. */
import type { EndedTrial } from '../criteria/ledger.ts';
import type { Word } from '../model.ts';
import type { Placement } from '../requests/placement.ts';

/** A criterion on the links of the case, as the search asks it. */
export interface Side {
  /** Worst word on a pair so far; undefined: open. */
  linkWord(pair: readonly string[]): Word | undefined;
  /** Word on a suspect by its own confirmations; undefined: open. Absent: it has none. */
  endWord?(node: string): Word | undefined;
}

/** Worst word of these criteria on a pair; undefined: open. @param checks only of those without confirmations */
export function linkWord(
  sides: readonly Side[],
  pair: readonly string[],
  checks = false,
): Word | undefined {
  const own = sides.filter((side) => !checks || side.endWord === undefined);
  const words = own.map((side) => side.linkWord(pair));
  return (['fail', 'inconclusive', 'pass'] as const).find((word) => words.includes(word));
}

/** What the search is told before it asks. */
export interface SearchContext {
  readonly round: number;
  readonly placements: readonly Placement[];
  /** Somebody may still come, or a placed pair is not decided. */
  readonly waiting: boolean;
  /** The node failed by another criterion. */
  failed(node: string): boolean;
  /** Places a pair, to be measured until it is decided. */
  place(pair: readonly string[]): void;
}

/** What a trial of this round is for. */
export type Role =
  { readonly kind: 'screen' | 'sweep' } | { readonly kind: 'confirm'; readonly suspect: string };

/** Risks that the rounds are chosen for. */
export interface SearchRisks {
  /** Nodes wrongly decided, expected, at most. */
  readonly wanted: number;
  /** P(a placed pair with a fault in it passes), at most. */
  readonly pass: number;
}

/** A failure that is held against no node: a group's, with all named or none. */
export function namesNobody(
  outcome: NonNullable<EndedTrial['failure']>['outcome'],
  nodes: readonly string[],
): boolean {
  const named = outcome.suspects.filter((node) => nodes.includes(node));
  if (outcome.owner === 'group') return named.length === 0 || named.length === nodes.length;
  return outcome.owner === 'node' && nodes.length > 1 && named.length === 0;
}
