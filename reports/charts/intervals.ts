/** Dots with their intervals, a row each, against the line of no difference. */
import * as Plot from '@observablehq/plot';
import { drawSvg, type Drawing } from './figure-element.ts';

const WIDTH = 880;
const ROW = 22;

export interface Intervals extends Drawing {
  /** In the shown unit; `word` as shape: a circle for open, a triangle for better, a cross for worse. */
  readonly rows: readonly {
    readonly name: string;
    readonly value: number;
    readonly interval?: readonly [low: number, high: number];
    readonly word: 'better' | 'worse' | 'open';
  }[];
  /** Axis label with the unit. */
  readonly label: string;
  /** Where nothing differs. */
  readonly none: number;
}

const SHAPE = { better: 'triangle', worse: 'times', open: 'circle' } as const;
const COLOUR = { better: 'var(--good)', worse: 'var(--bad)', open: 'var(--dot)' } as const;

/** Draws them. @returns SVG text */
export function intervals(chart: Intervals): string {
  const { rows, none } = chart;
  const all = rows.flatMap(({ value, interval }) => [value, ...(interval ?? [])]).concat(none);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = (high - low || Math.abs(high) || 1) * 0.05;
  const places = rows.map((row, index) => ({ ...row, place: String(index) }));
  return drawSvg(chart, {
    width: WIDTH,
    height: rows.length * ROW + 60,
    marginLeft: 440,
    marginRight: 16,
    marginTop: 12,
    marginBottom: 40,
    x: {
      label: chart.label,
      labelAnchor: 'center',
      labelArrow: 'none',
      domain: [low - pad, high + pad],
      tickFormat: (tick: number) => String(Number(tick.toPrecision(12))),
    },
    y: {
      type: 'band',
      domain: places.map(({ place }) => place),
      label: null,
      tickSize: 0,
      tickFormat: (place: string) => rows[Number(place)]?.name ?? '',
    },
    style: { fontSize: '12px', fontFamily: 'inherit', background: 'none' },
    marks: [
      Plot.ruleX([none], { stroke: 'var(--ink)', strokeDasharray: '3 3' }),
      ...places.flatMap(({ place, value, interval, word }) => [
        ...(interval === undefined
          ? []
          : [
              Plot.ruleY([place], {
                x1: interval[0],
                x2: interval[1],
                stroke: COLOUR[word],
                strokeWidth: 2,
                y: [place],
              }),
            ]),
        Plot.dot([value], {
          x: [value],
          y: [place],
          r: 4.5,
          symbol: SHAPE[word],
          stroke: COLOUR[word],
          fill: word === 'worse' ? 'none' : COLOUR[word],
          strokeWidth: 1.8,
        }),
      ]),
    ],
  });
}
