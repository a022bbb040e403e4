import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, recorded, refused, withLine } from './recorded.ts';

const LOG = recorded('superbench-nvbandwidth.log');
const of = (text: string, partial = false) => read(text, { partial }, 'nvbandwidth');
const refusedHere = (text: string, line: number, words: string) =>
  refused(text, 'OUTPUT_UNREADABLE', line, words, {}, 'nvbandwidth');

test('every cell and sum, in stored units', () => {
  const samples = of(LOG);
  assert.is(samples.length, 6 + 2 + 13 + 15);
  const one = (metric: string) => samples.filter((each) => each.metric === `nvbandwidth.${metric}`);
  assert.equal(
    one('host_to_device_memcpy_ce.bandwidth').map((each) => each.value),
    [369.36e9, 269.33e9, 412.11e9, 323.36e9, 299.33e9, 312.11e9, 1985.6e9],
  );
  assert.equal(one('host_to_device_memcpy_ce.bandwidth')[4]?.parameters, { row: 1, column: 1 });
  assert.equal(one('host_to_device_memcpy_ce.bandwidth')[6]?.parameters, { total: true });
  const latency = one('host_device_latency_sm.latency')[0];
  assert.is(latency?.value, 772.58e-9);
  assert.is(latency?.unit, 's');
});

test('a changed cell contradicts its sum; a torn row and another file are refused', () => {
  refusedHere(LOG.replace('369.36', '379.36'), 16, 'the cells give');
  refusedHere(
    withLine(LOG, 13, (was) => was.slice(0, 20)),
    13,
    'values under 3 devices',
  );
  refusedHere(
    withLine(LOG, 13, (was) => was.replace('269.33', 'nan')),
    13,
    'no figure',
  );
  refusedHere('hello\n', 1, 'no nvbandwidth header');
});

test('a test that did not end is incomplete, with its line', () => {
  const cut = LOG.split('\n').slice(0, 14).join('\n');
  refused(cut, 'OUTPUT_INCOMPLETE', 10, 'did not end', {}, 'nvbandwidth');
  assert.is(of(cut, true).length, 6);
  assert.ok(of(cut, true).every((one) => one.partial === true));
});

test.run();
