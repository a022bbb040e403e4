import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, recorded, refused, value, withLine } from './recorded.ts';
import { text218 } from './synthetic.ts';

const H100 = recorded('allreduce-8xH100-single-node.log');
const EKS = recorded('eks-blueprints-allreduce-2xT4-efa-tagged.log');
const A100 = recorded('superbench-nccl_allreduce-8xA100.log');

test('8 × H100: every figure of every row and placement', () => {
  const samples = read(H100);
  assert.is(samples.length, 4 * 2 * 3);
  assert.is(value(samples, 'nccl.all_reduce.busbw', 2 ** 31), 470.73e9);
  assert.is(value(samples, 'nccl.all_reduce.algbw', 2 ** 31), 268.99e9);
  assert.is(value(samples, 'nccl.all_reduce.time', 2 ** 31), 7983.5e-6);
  assert.is(value(samples, 'nccl.all_reduce.busbw', 2 ** 28, 'in-place'), 420.42e9);
  assert.equal(samples[0], {
    metric: 'nccl.all_reduce.busbw',
    unit: 'B/s',
    value: 419.49e9,
    parameters: {
      library: 'nccl',
      ranks: 8,
      nodes: 1,
      bytes: 2 ** 28,
      dtype: 'fp32',
      redop: 'sum',
      placement: 'out-of-place',
    },
    line: 16,
    wrong: 0,
  });
});

for (const [name, collective, busbw, algbw, time] of [
  ['allreduce', 'all_reduce', 235.26e9, 134.44e9, 63896e-6],
  ['allgather', 'all_gather', 223.39e9, 255.31e9, 33646e-6],
  ['alltoall', 'alltoall', 224.31e9, 256.36e9, 33508e-6],
] as const) {
  test(`8 × A100, the old form: ${name} is told from its columns`, () => {
    const samples = read(recorded(`superbench-nccl_${name}-8xA100.log`));
    assert.is(samples.length, 34 * 2 * 3);
    assert.is(value(samples, `nccl.${collective}.busbw`, 2 ** 33), busbw);
    assert.is(value(samples, `nccl.${collective}.algbw`, 2 ** 33), algbw);
    assert.is(value(samples, `nccl.${collective}.time`, 2 ** 33), time);
    assert.ok(samples.every((one) => one.wrong === undefined));
  });
}

test('7 rows of a longer range are refused, and read and marked with --partial', () => {
  refused(EKS, 'OUTPUT_INCOMPLETE', 29, '7 rows of the 31');
  const samples = read(EKS, { partial: true });
  assert.is(samples.length, 7 * 2 * 3);
  assert.ok(samples.every((one) => one.partial === true));
  assert.is(value(samples, 'nccl.all_reduce.busbw', 2 ** 30), 3.11e9);
  assert.is(value(samples, 'nccl.all_reduce.busbw', 2 ** 30, 'in-place'), 3.12e9);
  assert.equal(samples[0]?.parameters['nodes'], 2);
});

test('--partial does not mark a file that is complete', () => {
  assert.ok(read(H100, { partial: true }).every((one) => one.partial === undefined));
});

test('2.18: version lines, wider #wrong, bus ids with a domain', () => {
  const samples = read(text218({ collective: 'all_reduce', ranks: 8, redop: 'sum' }));
  assert.is(samples.length, 3 * 2 * 3);
});

test('headers without their #', () => {
  const bare = H100.replace(/^# ?/gmu, '');
  assert.equal(read(bare), read(H100));
});

test('the tags of mpirun and srun, colours and carriage returns', () => {
  const lines = H100.split('\n');
  assert.equal(read(lines.map((one) => `[1,0]<stdout>:${one}`).join('\n')), read(H100));
  assert.equal(read(lines.map((one) => ` 0: ${one}`).join('\n')), read(H100));
  assert.equal(read(lines.map((one) => `\u001b[32m${one}\u001b[0m\r`).join('\n')), read(H100));
});

test("another rank's lines and NCCL's own among the rows are passed over", () => {
  const noise =
    '[1,3]<stdout>:node:21:27 [3] NCCL INFO Channel 00/0 : 1[f5000] -> 0[35000] via P2P';
  const tagged = H100.split('\n').map((one) => `[1,0]<stdout>:${one}`);
  tagged.splice(17, 0, noise);
  assert.is(read(tagged.join('\n')).length, 24);
});

test('a line torn by another rank’s tag is refused', () => {
  const torn = withLine(
    H100.split('\n')
      .map((one) => `[1,0]<stdout>:${one}`)
      .join('\n'),
    17,
    (was) => `${was.slice(0, 60)}[1,3]<stdout>:   sum      -1   2157.5`,
  );
  refused(torn, 'OUTPUT_UNREADABLE', 17, 'joined');
});

test('a row that was cut, and the piece that follows it', () => {
  refused(
    withLine(H100, 17, (was) => was.slice(0, 70)),
    'OUTPUT_UNREADABLE',
    17,
    'columns',
  );
  const broken = withLine(H100, 17, (was) => `${was.slice(0, 40)}\n${was.slice(40)}`);
  refused(broken, 'OUTPUT_UNREADABLE', 17, 'columns');
  const swallowed = withLine(H100, 17, (was) => was.slice(40));
  refused(swallowed, 'OUTPUT_UNREADABLE', 17, 'a piece of a row');
});

test('a row behind a line of NCCL is not lost silently', () => {
  const joined = withLine(H100, 17, (was) => `node:1:1 [0] NCCL INFO done ${was}`);
  refused(joined, 'OUTPUT_UNREADABLE', 17, 'a piece of a row');
});

test('nan and inf are refused with the line', () => {
  refused(
    withLine(H100, 18, (was) => was.replace('466.57', '   nan')),
    'OUTPUT_UNREADABLE',
    18,
    'nan',
  );
  refused(
    withLine(H100, 18, (was) => was.replace('266.61', '   inf')),
    'OUTPUT_UNREADABLE',
    18,
    'inf',
  );
});

test('a digit that was changed is seen in the row, one that fits the row in the average', () => {
  const busbw = withLine(H100, 18, (was) => was.replace('466.57', '476.57'));
  refused(busbw, 'OUTPUT_UNREADABLE', 18, 'fit no collective');
  const average = H100.replace(': 448.212', ': 449.212');
  refused(average, 'OUTPUT_UNREADABLE', 21, 'the rows give 448.211');
});

test('a missing row, footer or tail is incomplete, with its line', () => {
  refused(
    withLine(H100, 18, () => '#'),
    'OUTPUT_INCOMPLETE',
    19,
    'that of 1073741824 B',
  );
  const tail = H100.split('\n');
  refused(tail.slice(0, 18).join('\n'), 'OUTPUT_INCOMPLETE', 18, 'that of 2147483648 B');
  refused(tail.slice(0, 19).join('\n'), 'OUTPUT_INCOMPLETE', 19, 'footer is missing');
  refused(tail.slice(0, 20).join('\n'), 'OUTPUT_INCOMPLETE', 20, 'footer is missing');
  assert.is(read(tail.slice(0, 18).join('\n'), { partial: true }).length, 18);
});

test('a missing head or device list is incomplete, even with --partial', () => {
  const lines = H100.split('\n');
  refused(lines.slice(12).join('\n'), 'OUTPUT_INCOMPLETE', 4, 'before any header', {
    partial: true,
  });
  const noDevices = lines.filter((one) => !one.includes('Rank')).join('\n');
  refused(noDevices, 'OUTPUT_INCOMPLETE', 1, 'device list', { partial: true });
  const gap = lines.filter((one) => !one.includes('Rank  3')).join('\n');
  refused(gap, 'OUTPUT_INCOMPLETE', 4, 'rank 3 is missing');
});

test('one rank has no bus bandwidth', () => {
  const one = H100.split('\n').filter((line) => !/Rank {2}[1-7]/u.test(line));
  refused(one.join('\n').replace(': 448.212', ': 0'), 'OUTPUT_UNREADABLE', 4, 'one rank');
});

test('processes that each are rank 0 did not talk to each other', () => {
  const each = H100.replace(/Rank {2}\d/gu, 'Rank  0');
  refused(each, 'OUTPUT_UNREADABLE', 4, 'each rank 0');
});

test('rows of two runs mixed are refused, two runs one after the other are both read', () => {
  const mixed = A100.split('\n');
  mixed.splice(30, 0, mixed[20] ?? '');
  refused(mixed.join('\n'), 'OUTPUT_INCOMPLETE', 31, 'missing');
  assert.is(read(H100 + A100).length, 24 + 204);
});

test('wrong elements are kept with their row, and N/A is no count', () => {
  const wrong = H100.replace('      0   1117.4', '  1e+03   1117.4');
  assert.is(read(wrong)[0]?.wrong, 1000);
});

test('another file is refused by its first line', () => {
  refused(recorded('gpud-dmesg-xid-119.log'), 'OUTPUT_UNREADABLE', 1, 'no nccl-tests header');
  refused('', 'OUTPUT_UNREADABLE', 1, 'no nccl-tests header');
  refused('\u0000\u0001\ufffd\n'.repeat(100), 'OUTPUT_UNREADABLE', 1, 'no nccl-tests header');
});

test('the CPU time of -C is no time of a collective', () => {
  const cpu = H100.replace(/ time /gu, 'cputime ');
  refused(cpu, 'OUTPUT_UNREADABLE', 16, 'CPU');
});

test('a size range without end is refused', () => {
  refused(H100.replace('step: 2(factor)', 'step: 1(factor)'), 'OUTPUT_UNREADABLE', 1, 'no end');
});

test('rccl-tests of two MI300X nodes is read as RCCL, its last row and its figures as printed', () => {
  const samples = read(recorded('nccl/rccl-all_reduce-2x8-mi300x.log'));
  assert.is(samples.length, 32 * 2 * 3);
  const last = samples.findLast(
    (one) => one.metric.endsWith('.busbw') && one.parameters['placement'] === 'out-of-place',
  );
  assert.is(last?.value, 357.46e9);
  const { library, ranks, nodes, bytes } = last?.parameters ?? {};
  assert.equal([library, ranks, nodes, bytes], ['rccl', 16, 2, 17179869184]);
  assert.ok(samples.every((one) => one.wrong === 0));
});

test.run();
