import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tiles } from '../../../reports/charts/tiles.ts';
import { contextOf } from '../../../reports/html/context.ts';
import { pairsView } from '../../../reports/html/view/pairs.ts';
import { placesView } from '../../../reports/html/view/places.ts';
import { notePair, pairSquare } from '../../../reports/survey/pairs.ts';
import { surveyRun } from '../../../reports/survey/survey.ts';
import { rendered } from '../rendered.ts';
import { RUNS, sampleRun } from '../sample-run.ts';

test('the worst of a pair is kept whichever end comes first', () => {
  const square = pairSquare(4);
  notePair(square, 3, 1, 0.2);
  notePair(square, 1, 3, -0.1);
  assert.is(square.side, 4);
  assert.ok(Math.abs((square.worst[3 * 4 + 1] ?? 0) + 0.1) < 1e-6);
  assert.is([...square.worst].filter((one) => !Number.isNaN(one)).length, 1);
  assert.is(square.count, 2);
});

test('above 200 nodes a place holds several, and memory stays that of 200', () => {
  const square = pairSquare(10_000);
  assert.is(square.perPlace, 50);
  assert.is(square.side, 200);
  notePair(square, 9_999, 0, 0.5);
  assert.is(square.worst[199 * 200], 0.5);
});

test('a drawing tells kinds apart by shape, and its words are escaped', () => {
  const svg = tiles({
    id: 'x',
    title: 'a <b> & "c"',
    description: 'd',
    width: 2,
    height: 1,
    tile: 10,
    places: { good: [[0, 0]], doubt: [], bad: [[1, 0]], none: [] },
    labels: [{ text: '<i>', x: 0, y: 0 }],
  });
  assert.is(svg.match(/<path/gu)?.length, 3, 'good, bad and its cross');
  assert.ok(svg.includes('a &lt;b&gt; &amp; &quot;c&quot;') && svg.includes('&lt;i&gt;'));
  assert.not.match(svg, /NaN|undefined/u);
});

test('the report has a map by rack, says where places are from, and has a table for it', async () => {
  const html = (await rendered('html', sampleRun(RUNS.golden))).get('report.html') ?? '';
  assert.match(html, /<strong>By rack\.<\/strong>/u);
  assert.match(html, /Places are from the plan\./u);
  const run = sampleRun(RUNS.golden);
  const [map] = placesView(contextOf(run, await surveyRun(run)));
  assert.is(
    map?.rows.reduce((sum, row) => sum + row.bad, 0),
    2,
  );
});

test('a criterion on links is drawn nodes by nodes, the worst pairs listed first', async () => {
  const run = sampleRun(RUNS.golden);
  const survey = await surveyRun(run);
  const [first] = survey.spreads.values();
  assert.ok(first);
  const pairs = pairSquare(survey.nodeIds.length);
  notePair(pairs, 0, 1, 0.1);
  notePair(pairs, 1, 2, -0.2);
  notePair(pairs, 0, 2, 0.01);
  const context = contextOf(run, { ...survey, spreads: new Map([['links', { ...first, pairs }]]) });
  const [view, ...more] = pairsView(context);
  assert.is(more.length, 0);
  assert.match(
    view?.finding ?? '',
    /^3 pairs of 6 × 6 nodes measured \(15 pairs there are\), 1 short of the limit in a trial/u,
  );
  assert.equal(
    view?.rows.map(({ one, other }) => [one, other]),
    [
      [survey.nodeIds[1], survey.nodeIds[2]],
      [survey.nodeIds[0], survey.nodeIds[2]],
      [survey.nodeIds[0], survey.nodeIds[1]],
    ],
  );
});

test.run();
