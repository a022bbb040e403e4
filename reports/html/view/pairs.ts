/** Who was measured with whom: a square of nodes by nodes for each criterion on links. */
import { tiles, type Tile } from '../../charts/tiles.ts';
import { showCount, showMargin } from '../../figure.ts';
import { brief, legible, type Markup } from '../../legible.ts';
import type { Spread } from '../../survey/model.ts';
import { plural } from '../../words.ts';
import type { Context } from '../context.ts';

/** Pixels along a side. */
const SIDE = 520;
/** Worst places listed under the figure. */
const LISTED = 20;
/** Words in the drawing. */
const IN_DRAWING = 24;
/** Above the limit by less than this is near it. */
const NEAR = 0.02;

export function pairsView(context: Context) {
  return [...context.survey.spreads.values()].flatMap((spread, index) =>
    spread.pairs === undefined || spread.pairs.count === 0
      ? []
      : [square(context, spread, spread.pairs, index + 1)],
  );
}

function square(
  context: Context,
  { criterion }: Spread,
  pairs: NonNullable<Spread['pairs']>,
  number: number,
) {
  const { nodeIds } = context.survey;
  const { side, perPlace, worst } = pairs;
  const places: Record<Tile, [number, number][]> = { good: [], doubt: [], bad: [], none: [] };
  const listed: { one: number; other: number; margin: number }[] = [];
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      const margin = worst[row * side + column] as number;
      if (Number.isNaN(margin)) continue;
      places[margin < 0 ? 'bad' : margin < NEAR ? 'doubt' : 'good'].push([column, row]);
      listed.push({ one: column, other: row, margin });
    }
  }
  listed.sort((a, b) => a.margin - b.margin || a.other - b.other || a.one - b.one);
  const name = (place: number) => {
    const first = nodeIds[place * perPlace] ?? '';
    const last = nodeIds[Math.min(nodeIds.length, (place + 1) * perPlace) - 1] ?? '';
    return first === last ? first : `${first}–${last}`;
  };
  const of = (nodeIds.length * (nodeIds.length - 1)) / 2;
  const finding =
    `${plural(listed.length, perPlace === 1 ? 'pair' : 'place')} of ${showCount(nodeIds.length)} × ${showCount(nodeIds.length)} nodes measured ` +
    `(${showCount(of)} pairs there are), ${showCount(places.bad.length)} short of the limit in a trial` +
    (perPlace === 1 ? '.' : `; a place is ${perPlace} × ${perPlace} nodes, by its worst pair.`);
  const id = `pairs-${number}`;
  const marks = [0, Math.floor(side / 2), side - 1].filter(
    (one, at, all) => all.indexOf(one) === at,
  );
  return {
    id,
    criterion: criterion.id,
    criterionAnchor: context.anchor('criterion', criterion.id),
    finding,
    svg: markup(
      tiles({
        id,
        title: legible(`${criterion.id}: nodes by nodes`),
        description: legible(finding),
        width: side,
        height: side,
        tile: SIDE / side,
        places,
        labels: marks.map((place) => ({
          text: brief(name(place), IN_DRAWING),
          x: place + 1.4,
          y: place + 0.8,
        })),
      }),
    ),
    rows: listed.slice(0, LISTED).map(({ one, other, margin }) => ({
      one: name(one),
      other: name(other),
      margin: showMargin(margin),
    })),
    more: listed.length > LISTED ? showCount(listed.length - LISTED) : '',
  };
}

function markup(svg: string): Markup {
  return { toHTML: () => svg };
}
