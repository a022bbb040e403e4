import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, recorded, refused } from './recorded.ts';
import { text218, unnamed, type Asked } from './synthetic.ts';

const of = (text: string, collective?: string) =>
  new Set(
    read(text, collective === undefined ? {} : { collective }).map(
      (one) => one.metric.split('.')[1],
    ),
  );

const SHAPES: readonly Asked[] = [
  { collective: 'all_reduce', ranks: 8, redop: 'sum' },
  { collective: 'reduce_scatter', ranks: 8, redop: 'sum' },
  { collective: 'all_gather', ranks: 8 },
  { collective: 'alltoall', ranks: 8, inPlaceUnchecked: true },
  { collective: 'sendrecv', ranks: 8, redop: 'sum', inPlaceUnchecked: true },
  { collective: 'broadcast', ranks: 8, root: 0 },
  { collective: 'reduce', ranks: 8, redop: 'sum', root: 0 },
  { collective: 'hypercube', ranks: 8 },
  { collective: 'all_reduce', ranks: 2, redop: 'sum' },
  { collective: 'sendrecv', ranks: 2, redop: 'sum', inPlaceUnchecked: true },
];

for (const shape of SHAPES) {
  test(`${shape.collective} on ${shape.ranks} ranks is read by name and told without it`, () => {
    assert.equal(of(text218(shape)), new Set([shape.collective]));
    assert.equal(of(unnamed(shape)), new Set([shape.collective]));
  });
}

test('gather and scatter look alike: the name is asked for', () => {
  const gather: Asked = { collective: 'gather', ranks: 8, root: 0 };
  refused(unnamed(gather), 'OUTPUT_UNREADABLE', 1, 'gather or scatter');
  assert.equal(of(unnamed(gather), 'gather'), new Set(['gather']));
  assert.equal(of(text218({ ...gather, collective: 'scatter' })), new Set(['scatter']));
});

test('all_gather and alltoall without validation look alike in newer logs', () => {
  const text = unnamed({ collective: 'all_gather', ranks: 8 }).replace(/ 0$/gmu, 'N/A');
  const unchecked = text.replace(/ {7}0 /gu, ' N/A ');
  refused(unchecked, 'OUTPUT_UNREADABLE', 1, 'all_gather or alltoall');
});

test('a name that the figures contradict is refused with the line', () => {
  const log = recorded('allreduce-8xH100-single-node.log');
  refused(log, 'OUTPUT_UNREADABLE', 16, 'all_gather', { collective: 'all_gather' });
  const named = text218({ collective: 'all_reduce', ranks: 8, redop: 'sum' });
  refused(named, 'OUTPUT_UNREADABLE', 3, 'not of broadcast', { collective: 'broadcast' });
});

test('a name that no collective has is a usage error', () => {
  assert.throws(
    () => read(recorded('allreduce-8xH100-single-node.log'), { collective: 'allreduce' }),
    (error: Error) => error.message.includes('no collective is called'),
  );
});

test.run();
