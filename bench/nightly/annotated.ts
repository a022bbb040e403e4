/** Series whose change points people marked: how near ours, and Otava's, come to theirs. */
import { readFileSync } from 'node:fs';
import { changePoints } from '../../verdicts/changes/e-divisive.ts';
import { PLAIN } from '../../verdicts/changes/t-test.ts';
import type { Row } from '../bench.ts';
import { askOtava } from './otava.ts';

interface Annotated {
  readonly name: string;
  readonly values: readonly number[];
  /** Change points by annotator. */
  readonly annotations: readonly (readonly number[])[];
}

/** A point this near to a marked one is that one. */
const MARGIN = 5;

/**
 * F1 of points against those of several annotators; the start counts as a point of everyone.
 *
 * @see van den Burg and Williams 2020, arXiv 2003.06222, 2.3: precision against all marks, recall the mean over annotators
 */
export function f1(annotations: readonly (readonly number[])[], points: readonly number[]): number {
  const marks = annotations.map((one) => [...new Set([0, ...one])]);
  const said = [...new Set([0, ...points])];
  const everyone = [...new Set(marks.flat())];
  const precision = matched(everyone, said) / said.length;
  const recall =
    marks.reduce((sum, one) => sum + matched(one, said) / one.length, 0) / marks.length;
  return (2 * precision * recall) / (precision + recall);
}

/** How many marks have a point of their own within the margin: the nearest, each point once. */
function matched(marks: readonly number[], points: readonly number[]): number {
  const left = new Set(points);
  let count = 0;
  for (const mark of marks) {
    const near = [...left]
      .filter((one) => Math.abs(one - mark) <= MARGIN)
      .sort((a, b) => Math.abs(a - mark) - Math.abs(b - mark) || a - b)[0];
    if (near === undefined) continue;
    left.delete(near);
    count += 1;
  }
  return count;
}

/**
 * Covering of the annotators' segments by ours: the best overlap (Jaccard) of each, weighted by its length; mean over
 * annotators.
 *
 * @see Arbelaez et al. 2011, (8); van den Burg and Williams 2020
 */
export function covering(
  annotations: readonly (readonly number[])[],
  points: readonly number[],
  length: number,
): number {
  const ours = segments(points, length);
  const covers = annotations.map((one) =>
    segments(one, length).reduce((sum, theirs) => {
      const best = Math.max(...ours.map((mine) => overlap(theirs, mine)));
      return sum + ((theirs[1] - theirs[0]) * best) / length;
    }, 0),
  );
  return covers.reduce((sum, one) => sum + one, 0) / covers.length;
}

type Segment = readonly [from: number, to: number];

function segments(points: readonly number[], length: number): Segment[] {
  const cuts = [...new Set([0, ...points, length])].sort((a, b) => a - b);
  return cuts.slice(1).map((to, at) => [cuts[at] as number, to]);
}

function overlap(a: Segment, b: Segment): number {
  const both = Math.max(0, Math.min(a[1], b[1]) - Math.max(a[0], b[0]));
  return both / (a[1] - a[0] + b[1] - b[0] - both);
}

/** A row for each bound: means over the series, Otava's own beside them. */
export function annotatedRows(): Row[] {
  const file = new URL('../../fixtures/vectors/tcpd.json', import.meta.url);
  const { series } = JSON.parse(readFileSync(file, 'utf8')) as { series: Annotated[] };
  return [1e-3, 1e-5].map((maxP) => {
    const ours = series.map(({ values }) =>
      changePoints(values, {
        window: 50,
        maxP,
        minMagnitude: 0,
        ddof: 1,
        renew: 'both',
        widening: PLAIN,
      }).map((one) => one.index),
    );
    const theirs = askOtava(series.map(({ values }) => ({ values, window: 50, maxP })));
    return {
      figure: `${series.length} of the 42 annotated series of TCPD (${series.map((one) => one.name).join(', ')}), p ${maxP}`,
      measured: score(series, ours),
      peer: theirs === undefined ? 'not installed' : `apache-otava 0.8.0: ${score(series, theirs)}`,
    };
  });
}

function score(series: readonly Annotated[], points: readonly (readonly number[])[]): string {
  const each = series.map(({ annotations, values }, at) => {
    const said = points[at] as readonly number[];
    return [f1(annotations, said), covering(annotations, said, values.length)] as const;
  });
  const mean = (of: 0 | 1) => each.reduce((sum, one) => sum + one[of], 0) / each.length;
  const split = each.map(([a, b]) => `${a.toFixed(2)}/${b.toFixed(2)}`).join(' ');
  return `F1 ${mean(0).toFixed(3)}, covering ${mean(1).toFixed(3)} (${split})`;
}
