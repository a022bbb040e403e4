import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/nccl/options.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { caseOf, exited, node, session } from './nodes.ts';

const log = (name: string) =>
  readFileSync(new URL(`../../../fixtures/recorded/nccl/${name}`, import.meta.url), 'utf8');

function read(name: string, collective: string, sizes: readonly string[]) {
  const suite = nccl(schema.parse({ collectives: [collective], sizes }));
  const nodes = [node(1, 'cpu', 1)];
  const one = session(suite, caseOf(suite, nodes, `nccl.${collective}.node`), nodes);
  one.hear('n0001', log(name));
  return one.end([exited('n0001', 0)]);
}

test('a recorded all_reduce: the slowest of both ranks', () => {
  const { readings, outcome } = read('collective-all_reduce-2-ranks-gloo.log', 'all_reduce', [
    '64 KiB',
    '4 MiB',
  ]);
  assert.equal(outcome, { status: 'measured' });
  const said = log('collective-all_reduce-2-ranks-gloo.log')
    .split('\n')
    .flatMap((line) => /"bytes": 4194304.*"value": ([\d.e-]+)/u.exec(line)?.[1] ?? [])
    .map(Number);
  assert.is(said.length, 2);
  const samples = readings.flatMap((one) => (one.kind === 'sample' ? [one] : []));
  const time = samples.find(
    (one) => one.metric.endsWith('.time') && one.parameters['bytes'] === 4194304,
  );
  assert.is(time?.value, Math.max(...said));
  const busbw = samples.find(
    (one) => one.metric.endsWith('.busbw') && one.parameters['bytes'] === 4194304,
  );
  // 2(n − 1)/n = 1 on two ranks.
  assert.is(busbw?.value, 4194304 / Math.max(...said));
});

test('a recorded composed reduce_scatter gives its time and no bandwidth', () => {
  const name = 'collective-reduce_scatter-2-ranks-gloo.log';
  const { readings, outcome } = read(name, 'reduce_scatter', ['64 KiB', '4 MiB']);
  assert.equal(outcome, { status: 'measured' });
  assert.equal(
    readings.flatMap((one) => (one.kind === 'sample' ? [one.metric] : [])),
    ['nccl.reduce_scatter.time', 'nccl.reduce_scatter.time'],
  );
});

test('a recorded wrong result is a false check', () => {
  const { readings } = read('collective-alltoall-wrong-gloo.log', 'alltoall', ['64 KiB']);
  const check = readings.find((one) => one.kind === 'check');
  assert.ok(check?.kind === 'check' && !check.ok);
});

test('a recorded absence names the ranks', () => {
  const { outcome } = read('collective-rank-missing-gloo.log', 'all_reduce', ['64 KiB']);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.match(outcome.message, 'ranks 2, 3 did not arrive');
});

test('a log that was cut is incomplete, whatever was cut off', () => {
  const whole = log('collective-all_reduce-2-ranks-gloo.log').trimEnd().split('\n');
  for (const kept of [0, 5, whole.length - 1]) {
    const suite = nccl(schema.parse({ collectives: ['all_reduce'], sizes: ['64 KiB', '4 MiB'] }));
    const nodes = [node(1, 'cpu', 1)];
    const one = session(suite, caseOf(suite, nodes, 'nccl.all_reduce.node'), nodes);
    one.hear('n0001', whole.slice(0, kept).join('\n'));
    const { outcome } = one.end([exited('n0001', 0)]);
    assert.is(outcome.status, 'failed', `${kept} lines`);
  }
});

test.run();
