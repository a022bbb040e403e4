import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, refused, value } from './recorded.ts';
import { json219, type Asked } from './synthetic.ts';

const asked: Asked = { collective: 'all_reduce', ranks: 8, redop: 'sum' };

test('figures, iterations and lines of a whole file', () => {
  const samples = read(json219(asked, 1));
  assert.is(samples.length, 3 * 2 * 3);
  const time = 50 + 2 ** 20 / 1e5;
  const busbw = value(samples, 'nccl.all_reduce.busbw', 2 ** 20) ?? 0;
  assert.ok(Math.abs(busbw - ((2 ** 20 / time) * 1e6 * 14) / 8) < 1e3);
  const timed = samples.find((one) => one.metric.endsWith('.time'));
  assert.is(timed?.iterations?.n, 3);
  assert.ok(Math.abs((timed?.iterations?.median ?? 0) - time / 1e6) < 1e-12);
  const lines = [...new Set(samples.map((one) => one.line))];
  assert.is(lines.length, 3);
  assert.match(json219(asked, 1).split('\n')[(lines[0] ?? 1) - 1] ?? '', '"size": 1048576');
});

test('the environment is not taken up', () => {
  assert.not.match(JSON.stringify(read(json219(asked))), 'do-not-keep-this');
});

test('a file without end_time is a run that did not finish', () => {
  const text = json219(asked).replace(/,"end_time":"[^"]*"/u, '');
  refused(text, 'OUTPUT_INCOMPLETE', 1, 'footer');
  assert.ok(read(text, { partial: true }).every((one) => one.partial === true));
});

test('a file that was cut is refused, and read up to its last whole row with --partial', () => {
  const text = json219(asked);
  const cut = text.slice(0, text.lastIndexOf('"size"') + 40);
  refused(cut, 'OUTPUT_INCOMPLETE', 1, 'cut');
  assert.is(read(cut, { partial: true }).length, 2 * 2 * 3);
});

test('processes with several accelerators list one device each', () => {
  const one = JSON.parse(json219(asked)) as { config: { ngpus: number; devices: object[] } };
  one.config.ngpus = 8;
  one.config.devices = one.config.devices.slice(0, 1);
  assert.is(read(JSON.stringify(one))[0]?.parameters['ranks'], 8);
});

test('nan, a changed figure, another JSON and one rank are refused', () => {
  const text = json219(asked);
  refused(text.replace(/"bus_bw":[\d.]+/u, '"bus_bw":"nan"'), 'OUTPUT_UNREADABLE', 1, 'results[0]');
  refused(text.replace(/"bus_bw":[\d.]+/u, '"bus_bw":99.5'), 'OUTPUT_UNREADABLE', 1, 'contradict');
  refused('{"a": 1}', 'OUTPUT_UNREADABLE', 1, 'not a report');
  const alone = JSON.parse(text) as { config: { devices: object[] } };
  alone.config.devices = alone.config.devices.slice(0, 1);
  refused(JSON.stringify(alone), 'OUTPUT_UNREADABLE', 1, 'one rank');
});

test.run();
