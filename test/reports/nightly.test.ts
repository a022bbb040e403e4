/** What is written of a night: page, summary, JUnit, OpenMetrics. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nightJunit } from '../../reports/nightly/junit.ts';
import { nightMetrics } from '../../reports/nightly/openmetrics.ts';
import { nightPage } from '../../reports/nightly/page.ts';
import { nightSummary } from '../../reports/nightly/summary.ts';
import { sampleNight } from './sample-night.ts';

const begun = [{ change: sampleNight.declared[0] as never, series: 12, unheld: 12 }];

test('a declared change whose baselines are held against nothing is said everywhere a person reads', () => {
  for (const text of [
    nightSummary({ ...sampleNight, begun }),
    nightPage({ ...sampleNight, begun }),
  ]) {
    assert.match(text, /baselines of 12 series begin anew; 12 of them had no accepted level yet/u);
  }
  assert.not.match(nightSummary(sampleNight), /begin anew/u);
});

test('the page names each open alarm, its declared change and its limit, and escapes what others said', () => {
  const page = nightPage(sampleNight);
  for (const text of ['serial:A1', 'serial:B2', 'driver 570→580', 'bf16-sustained']) {
    assert.ok(page.includes(text), text);
  }
  assert.ok(page.includes('D-1 / tranche &lt;7&gt;'));
  assert.match(
    page,
    /last good 2026-11-24.*3 fresh runs of 2026-11-30, found by nights that add up: r1, r2/u,
  );
});

test('JUnit has a failure for each open alarm, OpenMetrics their number and an end', () => {
  assert.is(nightJunit(sampleNight).match(/<failure/gu)?.length, 2);
  const metrics = nightMetrics(sampleNight);
  assert.match(metrics, /assay_alarms_open\{delivery="D-1 \/ tranche <7>"\} 2\n/u);
  assert.match(metrics, /# EOF\n$/u);
});

test.run();
