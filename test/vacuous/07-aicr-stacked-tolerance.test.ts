/** Row 7: AICR's GB200 gate of 500 −10 % = 450 against a baseline of about 770; GB300 700 −10 %. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lintOf } from './small-fleet.ts';

function aicr(busbw: number, gate: number): boolean {
  return busbw >= gate * 0.9;
}

test('row 7, AICR: 40 % below the baseline passes there', () => {
  assert.ok(aicr(770 * 0.6, 500));
  assert.ok(aicr(700 * 0.9, 700));
});

test('row 7, AICR: lint shows the tolerance once, beside the figure before it and the roofline', async () => {
  const said = (await lintOf('bad-limits-aicr')).map((one) => one.message).join('\n');
  assert.match(said, /tolerance inside \("−10 %" in its source\); before it the figure was 500/u);
  assert.match(said, /roofline/u);
});

test.run();
