/** A comparison in words and rounded numbers. */
import { intervals } from '../charts/intervals.ts';
import { showCount } from '../figure.ts';
import { brief, legible, legibleDeep } from '../legible.ts';
import { ORIGIN, parametersText, plural, type Mark } from '../words.ts';
import type { Compared, Comparison, Effect } from './model.ts';

/** Rows of one chart. */
const ROWS = 40;

const WORDS: Readonly<Record<Compared['word'], Mark>> = {
  better: { text: 'better', glyph: '▲', kind: 'good' },
  worse: { text: 'worse', glyph: '✕', kind: 'bad' },
  open: { text: 'no difference shown', glyph: '●', kind: 'none' },
};

const LEVELS = { unit: 'units', part: 'parts of one unit', trial: 'trials of one part' } as const;

/** `+3.02 % (2.65 % to 3.40 %)`; a difference in the stored unit. */
export function effectText(
  effect: Pick<Effect, 'value' | 'interval'>,
  kind: Effect['kind'],
  unit: string,
): string {
  const show = (value: number) =>
    kind === 'ratio' ? `${signed((value - 1) * 100)} %` : `${signed(value)} ${unit}`;
  const { value, interval } = effect;
  return interval === undefined
    ? `${show(value)} (no interval: too few independent values)`
    : `${show(value)} (${show(interval[0])} to ${show(interval[1])})`;
}

function signed(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && size < 0.005
      ? size.toExponential(1)
      : size < 1000
        ? size.toFixed(2)
        : size.toPrecision(4);
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** What compare.hbs shows. */
export function comparisonView(comparison: Comparison) {
  const { runs, compared, refused, differences } = comparison;
  const [first] = runs;
  const ratios = compared.filter(({ effect }) => effect.kind === 'ratio');
  const count = (word: Compared['word']) => compared.filter((one) => one.word === word).length;
  const finding =
    `${plural(compared.length, 'comparison')}: ${count('better')} better, ${count('worse')} worse, ` +
    `${count('open')} without a difference shown. Of such 95 % intervals about one in twenty misses.`;
  return legibleDeep({
    title: runs.map(({ id }) => brief(id, 60)).join(' against '),
    origin:
      first === undefined ? '' : `${ORIGIN[first.origin].label}. ${ORIGIN[first.origin].says}`,
    finding,
    runs: runs.map((run) => ({
      ...run,
      origin: ORIGIN[run.origin].label,
      nodes: showCount(run.nodes),
    })),
    priced: compared.some(({ perCost }) => perCost !== undefined),
    rows: compared.map((one) => ({
      run: one.run,
      metric: one.metric,
      parameters: parametersText(one.parameters),
      effect: effectText(one.effect, one.effect.kind, one.unit),
      perCost: one.perCost === undefined ? '–' : effectText(one.perCost, 'ratio', ''),
      n: one.effect.n.join(' and '),
      basis: `${LEVELS[one.effect.level]}, ${one.effect.method === 'paired' ? 'paired' : 'independent'}`,
      mark: WORDS[one.word],
    })),
    charts: chunks(ratios).map((rows, index) => chartOf(rows, index + 1, runs.length > 2)),
    refused: refused.map((one) => ({ ...one, parameters: parametersText(one.parameters) })),
    differences: differences.map(({ fact, values }) => ({
      fact,
      values: values.map((each) => brief(each.join(', ') || 'not known', 160)),
    })),
  });
}

function chartOf(rows: readonly Compared[], number: number, several: boolean) {
  const shown = rows.map((one) => ({
    name: legible(
      brief(
        [...(several ? [one.run] : []), one.metric, parametersText(one.parameters)].join(', '),
        66,
      ),
    ),
    value: (one.effect.value - 1) * 100,
    ...(one.effect.interval && {
      interval: [(one.effect.interval[0] - 1) * 100, (one.effect.interval[1] - 1) * 100] as const,
    }),
    word: one.word,
  }));
  const far = [...shown].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))[0];
  const description = `Largest difference: ${far?.name ?? ''}, ${signed(far?.value ?? 0)} %.`;
  const svg = intervals({
    id: `chart-${number}`,
    title: 'Differences from the first run',
    description,
    rows: shown,
    label: 'difference from the first run, %',
    none: 0,
  });
  return { number, description, svg: { toHTML: () => svg } };
}

function chunks(rows: readonly Compared[]): readonly (readonly Compared[])[] {
  return Array.from({ length: Math.ceil(rows.length / ROWS) }, (_, at) =>
    rows.slice(at * ROWS, (at + 1) * ROWS),
  );
}
