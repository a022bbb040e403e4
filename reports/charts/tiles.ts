/** Tiles in a grid, a path a kind: ten thousand of them are four paths. Size and outline tell kinds apart, not colour alone. */
import type { Drawing } from './figure-element.ts';

/** Kinds of tiles, and how each is drawn. */
export type Tile = 'good' | 'doubt' | 'bad' | 'none';

export interface Tiles extends Drawing {
  /** In units of one tile. */
  readonly width: number;
  readonly height: number;
  /** Top left corners by kind, in tiles. */
  readonly places: Readonly<Record<Tile, readonly (readonly [x: number, y: number])[]>>;
  /** Words in the drawing, at a place in tiles; `below` hangs under it. */
  readonly labels: readonly { readonly text: string; readonly x: number; readonly y: number }[];
  /** Pixels of a tile. */
  readonly tile: number;
}

const LEFT = 8;
const TOP = 18;

/** @returns SVG text; every word in it is escaped here */
export function tiles(chart: Tiles): string {
  const { id, tile } = chart;
  const width = Math.max(PAGE, LEFT * 2 + chart.width * tile + LABEL);
  const height = TOP + chart.height * tile + 10;
  const at = ([x, y]: readonly [number, number]) => [LEFT + x * tile, TOP + y * tile] as const;
  const squares = (kind: Tile, inset: number) =>
    chart.places[kind]
      .map((place) => {
        const [x, y] = at(place);
        const side = round(tile * (1 - 2 * inset));
        return `M${round(x + tile * inset)} ${round(y + tile * inset)}h${side}v${side}h${-side}z`;
      })
      .join('');
  const crosses = chart.places.bad
    .map((place) => {
      const [x, y] = at(place);
      const end = round(tile * 0.6);
      const from = round(tile * 0.2);
      return `M${round(x + from)} ${round(y + from)}l${end} ${end}m0 ${-end}l${-end} ${end}`;
    })
    .join('');
  const words = chart.labels.map(({ text, x, y }) => {
    const [left, top] = at([x, y]);
    return `<text x="${round(left)}" y="${round(top)}" fill="var(--muted)">${escaped(text)}</text>`;
  });
  return [
    `<svg class="plot" role="img" aria-labelledby="${id}-t ${id}-d" viewBox="0 0 ${round(width)} ${round(height)}" font-size="11">`,
    `<title id="${id}-t">${escaped(chart.title)}</title><desc id="${id}-d">${escaped(chart.description)}</desc>`,
    path(squares('none', 0.4), 'fill="var(--rule)"'),
    path(squares('good', 0.22), 'fill="var(--dot)"'),
    path(squares('doubt', 0.18), 'fill="none" stroke="var(--doubt)" stroke-width="1.5"'),
    path(squares('bad', 0.04), 'fill="var(--bad)"'),
    path(crosses, 'fill="none" stroke="var(--paper)" stroke-width="1"'),
    ...words,
    '</svg>',
  ].join('');
}

/** As wide as every other figure, so that a tile is a tile. */
const PAGE = 880;
/** Room for labels beside the tiles. */
const LABEL = 70;

function path(data: string, style: string): string {
  return data === '' ? '' : `<path d="${data}" ${style}/>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
