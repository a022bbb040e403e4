/** Where the nodes stand, by the narrowest place that is known of them, and how each did. */
import type { Domain } from '../../../runners/model.ts';
import type { Word } from '../../../verdicts/model.ts';
import { tiles, type Tile } from '../../charts/tiles.ts';
import { showCount } from '../../figure.ts';
import { brief, legible, type Markup } from '../../legible.ts';
import { plural, WORD } from '../../words.ts';
import type { Context } from '../context.ts';

/** Kinds of places, in the order in which a map is drawn by them. */
const KINDS: readonly Domain['kind'][] = ['rack', 'slice', 'nvlink', 'leaf', 'block', 'power'];
const FROM: Readonly<Record<Domain['from'], string>> = {
  plan: 'the plan',
  provider: 'the provider',
  inventory: 'the inventory',
};
/** Tiles of a rack in one column. */
const COLUMN = 16;
/** Tiles across the page. */
const ACROSS = 64;
/** Racks with their names in the drawing; the table has all up to its own length. */
const NAMED = 24;
const ROWS = 100;
/** Words in the drawing. */
const IN_DRAWING = 12;
const NONE = 'not known';

const KIND_OF: Readonly<Record<Word, Tile>> = {
  pass: 'good',
  fail: 'bad',
  inconclusive: 'doubt',
  'not-tested': 'none',
};

interface Rack {
  readonly id: string;
  readonly words: Word[];
}

/** Empty: no place is known, or there is one only. */
export function placesView(context: Context) {
  const known = new Map(context.run.fleet.nodes.map((node) => [node.id, node.domains]));
  const nodes = context.survey.verdict?.nodes ?? [];
  const kind = KINDS.find((one) => [...known.values()].some((own) => placeOf(own, one)));
  if (kind === undefined) return [];
  const racks = new Map<string, Rack>();
  const sources = new Set<Domain['from']>();
  for (const node of nodes) {
    const place = placeOf(known.get(node.id) ?? [], kind);
    if (place !== undefined) sources.add(place.from);
    const id = place?.id ?? NONE;
    const rack = racks.get(id) ?? { id, words: [] };
    racks.set(id, rack);
    rack.words.push(node.verdict);
  }
  if (racks.size < 2) return [];
  return [map(kind, [...racks.values()], [...sources].sort())];
}

function placeOf(domains: readonly Domain[], kind: Domain['kind']): Domain | undefined {
  return domains.find((one) => one.kind === kind);
}

function map(kind: Domain['kind'], racks: readonly Rack[], sources: readonly Domain['from'][]) {
  const places: Record<Tile, [number, number][]> = { good: [], doubt: [], bad: [], none: [] };
  const labels: { text: string; x: number; y: number }[] = [];
  const tallest = Math.min(COLUMN, Math.max(...racks.map((rack) => rack.words.length)));
  let [x, y, width] = [0, 0, 0];
  for (const { id, words } of racks) {
    const columns = Math.ceil(words.length / COLUMN);
    if (x > 0 && x + columns > ACROSS) [x, y] = [0, y + tallest + 2];
    for (const [at, word] of words.entries()) {
      places[KIND_OF[word]].push([x + Math.floor(at / COLUMN), y + (at % COLUMN)]);
    }
    if (racks.length <= NAMED) labels.push({ text: brief(id, IN_DRAWING), x, y: y - 0.3 });
    width = Math.max(width, x + columns);
    // A name needs more room than its tiles.
    x += racks.length <= NAMED ? Math.max(columns + 1, 5) : columns + 1;
  }
  const rows = racks.map(({ id, words }) => ({ id, ...countsOf(words) }));
  const hurt = rows.filter((row) => row.fail !== '0').length;
  const finding = `${plural(racks.filter((one) => one.id !== NONE).length, kind)}; nodes that fail stand in ${showCount(hurt)} of them. Places are from ${sources.map((one) => FROM[one]).join(' and ')}.`;
  return {
    id: 'places',
    kind,
    finding,
    svg: markup(
      tiles({
        id: 'places',
        title: legible(`Nodes by ${kind}`),
        description: legible(finding),
        width: Math.max(width, 12),
        height: y + tallest,
        tile: 13,
        places,
        labels,
      }),
    ),
    heads: (['pass', 'fail', 'inconclusive', 'not-tested'] as const).map((one) => WORD[one].text),
    rows: [...rows].sort((a, b) => b.bad - a.bad).slice(0, ROWS),
    more: racks.length > ROWS ? showCount(racks.length - ROWS) : '',
  };
}

function countsOf(words: readonly Word[]) {
  const count = (word: Word) => words.filter((one) => one === word).length;
  const [pass, bad, doubt, open] = [
    count('pass'),
    count('fail'),
    count('inconclusive'),
    count('not-tested'),
  ];
  return {
    bad,
    pass: showCount(pass),
    fail: showCount(bad),
    counts: [pass, bad, doubt, open].map((one) => showCount(one)),
  };
}

function markup(svg: string): Markup {
  return { toHTML: () => svg };
}
