/** A strip plot: every subject's value on one line with the limit, those past it marked by shape and name. */
import * as Plot from '@observablehq/plot';
import { drawSvg, type Drawing } from './figure-element.ts';

/** Subjects drawn as a dot each; more are binned. */
const DOTS = 400;

/** Marked subjects drawn one by one; the table counts all. */
const MARKED = 200;

const WIDTH = 880;
const TOP = 34;
const BOTTOM = 38;

export interface Strip extends Drawing {
  /** Ascending, in the shown unit: those that passed. */
  readonly values: Float64Array;
  /** In the shown unit: those that did not. */
  readonly marked: readonly {
    readonly value: number;
    readonly name: string;
    readonly fail: boolean;
  }[];
  /** Axis label with the unit. */
  readonly label: string;
  /** What the bars of a binned plot count, e.g. "accelerators". */
  readonly counted: string;
  /** In the shown unit, labelled with clause and figure. */
  readonly limit?: { readonly value: number; readonly label: string };
  readonly nominal?: { readonly value: number; readonly label: string };
}

/** Draws a strip plot. @returns SVG text */
export function strip(chart: Strip): string {
  const { values, marked, limit, nominal } = chart;
  const lines = [limit, nominal].filter((line) => line !== undefined);
  const all = [
    ...ends(values),
    ...marked.map(({ value }) => value),
    ...lines.map(({ value }) => value),
  ];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const far = low > 0 && high / low > 20;
  const pad = (high - low || Math.abs(high) || 1) * 0.04;
  const domain = far ? [low / 1.15, high * 1.15] : [low - pad, high + pad];
  const binned = values.length > DOTS;
  const height = binned ? 170 : 130;
  const bars = binned ? bins(values, domain, far) : [];
  return drawSvg(chart, {
    width: WIDTH,
    height,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: binned ? 44 : 14,
    marginRight: 14,
    x: {
      label: far ? `${chart.label} (logarithmic)` : chart.label,
      labelAnchor: 'center',
      labelArrow: 'none',
      type: far ? 'log' : 'linear',
      domain,
      ticks: 8,
      tickFormat: (tick: number) => String(Number(tick.toPrecision(12))),
    },
    y: binned
      ? {
          label: chart.counted,
          labelArrow: 'none',
          ticks: 3,
          tickSize: 3,
          domain: [0, Math.max(...bars.map(({ n }) => n))],
        }
      : { axis: null, domain: [0, 1] },
    style: { fontSize: '12px', fontFamily: 'inherit', background: 'none' },
    marks: [
      Plot.ruleY([0], { stroke: 'var(--rule)' }),
      binned
        ? Plot.rectY(bars, { x1: 'x1', x2: 'x2', y: 'n', fill: 'var(--dot)', inset: 0.5 })
        : dots(values),
      ...lines.flatMap((line) => lineMarks(line, line === limit, domain)),
      ...markedMarks(marked.slice(0, MARKED), domain),
    ],
  });
}

function ends(values: Float64Array): number[] {
  return values.length === 0 ? [] : [values[0] as number, values[values.length - 1] as number];
}

function dots(values: Float64Array) {
  const radius = values.length > 200 ? 2 : values.length > 60 ? 2.5 : 3.5;
  return Plot.dot(
    values,
    Plot.dodgeY({ x: (value: number) => value, r: radius, fill: 'var(--dot)', padding: 0.6 }),
  );
}

/** Counts in bins of equal width on the axis as it is drawn. */
function bins(values: Float64Array, domain: readonly number[], far: boolean) {
  const count = 90;
  const onAxis = far ? Math.log : (value: number) => value;
  const back = far ? Math.exp : (place: number) => place;
  const low = onAxis(domain[0] ?? 0);
  const width = (onAxis(domain[1] ?? 1) - low) / count;
  const tally = new Uint32Array(count);
  for (const value of values) {
    const bin = Math.min(count - 1, Math.max(0, Math.floor((onAxis(value) - low) / width)));
    tally[bin] = (tally[bin] ?? 0) + 1;
  }
  return [...tally].flatMap((n, bin) =>
    n === 0 ? [] : [{ n, x1: back(low + bin * width), x2: back(low + (bin + 1) * width) }],
  );
}

/** A vertical line with its label above the plot; the limit is solid, the nominal dashed and one line higher. */
function lineMarks(
  line: { readonly value: number; readonly label: string },
  isLimit: boolean,
  domain: readonly number[],
) {
  const [low = 0, high = 1] = domain;
  const right = line.value > low + (high - low) * 0.6;
  const stroke = isLimit ? 'var(--ink)' : 'var(--muted)';
  return [
    Plot.ruleX([line.value], {
      stroke,
      strokeWidth: isLimit ? 1.5 : 1,
      ...(!isLimit && { strokeDasharray: '3 3' }),
      insetTop: isLimit ? -6 : -20,
    }),
    Plot.text([line.label], {
      x: [line.value],
      frameAnchor: 'top',
      dy: isLimit ? -13 : -27,
      dx: right ? -5 : 5,
      textAnchor: right ? 'end' : 'start',
      fill: stroke,
      fontWeight: isLimit ? 600 : 400,
      clip: false,
    }),
  ];
}

/** Crosses for what failed, open diamonds for what is undecided, on the base line; the first few by name. */
function markedMarks(marked: Strip['marked'], [low = 0, high = 1]: readonly number[]) {
  return [
    Plot.dot(marked, {
      x: 'value',
      frameAnchor: 'bottom',
      dy: -7,
      r: 4.5,
      symbol: (one: Strip['marked'][number]) => (one.fail ? 'times' : 'diamond'),
      stroke: (one: Strip['marked'][number]) => (one.fail ? 'var(--bad)' : 'var(--doubt)'),
      strokeWidth: 1.8,
    }),
    ...marked.slice(0, 3).map((one, place) =>
      Plot.text([one.name], {
        x: [one.value],
        frameAnchor: 'bottom',
        // Away from the edge that is near: a name never leaves the drawing or meets the axis.
        textAnchor: one.value < low + (high - low) * 0.8 ? 'start' : 'end',
        dx: one.value < low + (high - low) * 0.8 ? 2 : -2,
        dy: -19 - place * 14,
        fill: 'var(--ink)',
        stroke: 'var(--paper)',
        strokeWidth: 3,
      }),
    ),
  ];
}
