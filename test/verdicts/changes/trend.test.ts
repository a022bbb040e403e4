/** Change points of a series as a chart shows them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { trendChanges } from '../../../verdicts/changes/trend.ts';
import { dateOf } from './fleets.ts';

test('a step is shown with its date and both levels, and one below the margin is not', () => {
  const wobble = (night: number) => ((night * 7919) % 11) - 5;
  const series = (after: number) => ({
    subject: 'serial:1',
    nights: Array.from({ length: 60 }, (_, night) => ({
      date: dateOf(night),
      value: (night < 40 ? 700 : after) + wobble(night) / 5,
    })),
  });
  const [change, ...rest] = trendChanges(series(680), 0.01);
  assert.equal(rest, []);
  assert.is(change?.date, dateOf(40));
  assert.ok(Math.abs((change?.before ?? 0) - 700) < 1 && Math.abs((change?.after ?? 0) - 680) < 1);
  assert.equal(trendChanges(series(697), 0.01), []);
});

test.run();
