/** A series over nights: dots and line, change points, declared changes, the accepted level. A small multiple. */
import * as Plot from '@observablehq/plot';
import { drawSvg, type Drawing } from './figure-element.ts';

const WIDTH = 420;
const HEIGHT = 190;
/** Characters that the left margin holds. */
const LONGEST = 8;

export interface TrendChart extends Drawing {
  /** In the shown unit, oldest first; YYYY-MM-DD. */
  readonly points: readonly { readonly date: string; readonly value: number }[];
  /** Axis label with the unit. */
  readonly label: string;
  /** First nights of new levels, with the means before and after, in the shown unit. */
  readonly changes: readonly {
    readonly date: string;
    readonly before: number;
    readonly after: number;
  }[];
  readonly declared: readonly { readonly date: string; readonly what: string }[];
  /** In the shown unit. */
  readonly accepted?: number;
}

/** Draws it. @returns SVG text */
export function trendChart(chart: TrendChart): string {
  const { accepted } = chart;
  const points = chart.points.map(({ date, value }) => ({ at: day(date), value }));
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 1];
  const inside = (date: string) => day(date) >= first && day(date) <= last;
  const values = [
    ...points.map(({ value }) => value),
    ...(accepted === undefined ? [] : [accepted]),
  ];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.12;
  const ticks = [first, last].map((at) => new Date(at));
  return drawSvg(chart, {
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 62,
    // Half of the last date, which is centred on the last night.
    marginRight: 34,
    marginTop: 26,
    marginBottom: 26,
    x: {
      type: 'utc',
      label: null,
      domain: [new Date(first), new Date(last > first ? last : first + 1)],
      ticks,
      tickFormat: (at: Date) => at.toISOString().slice(0, 10),
    },
    y: {
      label: chart.label,
      labelArrow: 'none',
      domain: [low - pad, high + pad],
      ticks: 4,
      tickFormat: tickText,
    },
    style: { fontSize: '11px', fontFamily: 'inherit', background: 'none' },
    marks: [
      ...(accepted === undefined
        ? []
        : [Plot.ruleY([accepted], { stroke: 'var(--muted)', strokeDasharray: '4 3' })]),
      ...chart.declared
        .filter(({ date }) => inside(date))
        .map(({ date }) =>
          Plot.ruleX([new Date(day(date))], { stroke: 'var(--doubt)', strokeDasharray: '1 3' }),
        ),
      ...chart.changes
        .filter(({ date }) => inside(date))
        .map(({ date, before, after }) =>
          Plot.ruleX([new Date(day(date))], {
            stroke: after < before ? 'var(--bad)' : 'var(--good)',
            strokeWidth: 1.5,
          }),
        ),
      Plot.lineY(points, {
        x: ({ at }: Point) => new Date(at),
        y: 'value',
        stroke: 'var(--rule)',
      }),
      Plot.dot(points, {
        x: ({ at }: Point) => new Date(at),
        y: 'value',
        r: 2,
        fill: 'var(--dot)',
      }),
    ],
  });
}

/** A value in its stored unit, of a metric that nobody describes any more, is too long for the margin. */
function tickText(tick: number): string {
  const text = String(Number(tick.toPrecision(6)));
  return text.length > LONGEST ? tick.toExponential(2) : text;
}

interface Point {
  readonly at: number;
  readonly value: number;
}

function day(date: string): number {
  return Date.parse(date);
}
