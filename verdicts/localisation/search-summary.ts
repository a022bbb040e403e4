/** What a search says of itself: sigma, rounds, errors, and what it did not look at. */
import { byText } from '../criteria/ledger.ts';
import { some } from '../show.ts';
import { intermittentWord } from './intermittent.ts';
import type { LeafPair } from './leaf-pairs.ts';
import { roundsOfAll } from './matchings.ts';
import type { Scatter } from './pair-results.ts';
import { railsText } from './rails.ts';
import type { Errors, Rounds } from './rounds.ts';

export interface Summary {
  /** Case.id. */
  readonly of: string;
  readonly nodes: number;
  readonly scatter: Scatter | undefined;
  readonly rounds: Rounds & Partial<Errors>;
  /** Pairs that were decided on their own. */
  readonly decided: number;
  /** Every pair was measured. */
  readonly swept: boolean;
  /** More were suspect than cleared: the rails on which all of these fell short. Absent: they were not. */
  readonly stopped: readonly number[] | undefined;
  /** Nodes that are not at fault: rounds in which they ran, and in which their pair was short. */
  readonly counts: ReadonlyMap<string, { readonly ran: number; readonly short: number }>;
  /** Between which leaves something is at fault; undefined: no pair crossed from leaf to leaf. */
  readonly leafPairs: readonly LeafPair[] | undefined;
}

export function summarise(summary: Summary): string[] {
  const { of, nodes, scatter, rounds, decided, swept, stopped, counts, leafPairs } = summary;
  if (nodes < 2) return [];
  const pairs = (nodes * (nodes - 1)) / 2;
  const measured =
    scatter === undefined
      ? 'sigma_pair could not be measured'
      : `sigma_pair ${(scatter.sigma * 100).toFixed(2)} %, d′ = ${scatter.distance.toFixed(1)}`;
  const errors =
    rounds.missed === undefined || rounds.false === undefined
      ? ''
      : ` (expected: ${rounds.missed.toPrecision(1)} missed, ${rounds.false.toPrecision(1)} false)`;
  const covered = swept
    ? `all ${pairs} pairs were measured`
    : `not covered: a fault of one pair alone in ${pairs - decided} of ${pairs} pairs; full-sweep buys it with ${roundsOfAll(nodes)} rounds`;
  const flickering = [...counts]
    .filter(([, { ran, short }]) => intermittentWord(short, ran) === 'yes')
    .map(([node, { ran, short }]) => `${node} (${short} of ${ran})`)
    .sort(byText);
  return [
    `${of}: ${measured}; beside the placed pairs ${rounds.screen} screening and ${rounds.confirm} confirming rounds${errors}; ${covered}${leafPairs === undefined ? '' : FINEST}`,
    ...(stopped !== undefined
      ? [
          `${of}: more nodes are suspect than cleared, a common cause${stopped.length === 0 ? '' : ` on ${railsText(stopped)}`}: none is named alone`,
        ]
      : []),
    ...(leafPairs ?? []).map((one) => `${of}: ${between(one)}`),
    ...(flickering.length > 0 ? [`${of}: slow in some rounds only: ${some(flickering)}`] : []),
  ];
}

const FINEST =
  '; which way a flow takes between leaves is not known: the finest that is named is a pair of leaves';

function between({ ends, ran, short, p }: LeafPair): string {
  const chance = p < 1e-12 ? '< 1e-12' : p.toPrecision(2);
  return `what lies between leaf ${ends[0]} and leaf ${ends[1]} is at fault: ${short} of ${ran} results there fall short, and their ends are well with others (chance ${chance})`;
}
