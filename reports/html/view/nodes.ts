/** All nodes: a row each where they are few; else by verdict, with the search for one. */
import type { Word } from '../../../verdicts/model.ts';
import { NONE, showCount, showMargin, showValue } from '../../figure.ts';
import { againstOf, leastMargin } from '../../survey/survey.ts';
import { boundText, nodeRanges, plural, WORD } from '../../words.ts';
import type { Context } from '../context.ts';

/** Fleets up to this get a static row a node. */
const ROWS = 256;

const WORDS: readonly Word[] = ['pass', 'fail', 'inconclusive', 'not-tested'];

/** The static part of the nodes' section. */
export function nodesView(context: Context) {
  const nodes = context.survey.verdict?.nodes ?? [];
  return {
    total: plural(nodes.length, 'node'),
    groups: WORDS.map((word) => {
      const ids = nodes.filter(({ verdict }) => verdict === word).map(({ id }) => id);
      return {
        mark: WORD[word],
        count: showCount(ids.length),
        nodes: nodeRanges(ids),
        any: ids.length > 0,
      };
    }).filter(({ any }) => any),
    listed: nodes.length > 0 && nodes.length <= ROWS,
    rows: nodes.length > ROWS ? [] : nodes.map((node, index) => row(context, node, index)),
  };
}

function row(
  context: Context,
  node: { readonly id: string; readonly identity: string; readonly verdict: Word },
  index: number,
) {
  const anchor = context.anchor('node', node.id);
  const least = leastMargin(context.survey.spreads, index);
  const criterion = least?.spread.criterion;
  return {
    id: node.id,
    anchor,
    // A node that did not pass has its anchor at its own block.
    own: node.verdict === 'pass' ? anchor : '',
    identity: node.identity === '' ? 'none' : node.identity,
    mark: WORD[node.verdict],
    nearest: criterion?.id ?? NONE,
    value:
      least === undefined || criterion === undefined
        ? NONE
        : `${showValue(least.value, context.display(criterion), againstOf(criterion))} ${context.display(criterion).unit}`,
    bound: criterion === undefined ? NONE : boundText(criterion, context.display(criterion)),
    margin: least === undefined ? NONE : showMargin(least.margin),
  };
}
