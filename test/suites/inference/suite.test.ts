import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { multipliedWeights, PRESETS } from '../../../suites/inference/model-shape.ts';
import { schema } from '../../../suites/inference/options.ts';
import { inference } from '../../../suites/inference/suite.ts';
import { suites } from '../../../suites/registry.ts';
import { nodeWith, readSession } from '../read-session.ts';
import { placed, shapes, simulated } from '../simulated.ts';

const H200 = nodeWith('n0001', 'gpu', 8, 'NVIDIA H200');
const cpu = nodeWith('n0001', 'cpu');
const of = (block: object) => inference(schema.parse(block));

function only(block: object, node = H200) {
  const suite = of(block);
  const [one] = suite.cases([node]);
  const [step] = one === undefined ? [] : suite.steps(one, [node]);
  if (one === undefined || step === undefined) throw new Error('no case or no step');
  const words = step.argv.filter((word) => typeof word === 'string').join(' ');
  return { suite, one, step, words };
}

test('the model and its split follow the devices and the preset', () => {
  assert.is(only({}).one.id, 'inference.offline.llm-8b.bf16.tp1.2048x64');
  assert.is(only({ model: 'llm-70b' }).one.id, 'inference.offline.llm-70b.bf16.tp8.2048x64');
  assert.is(only({}, cpu).one.id, 'inference.offline.small.fp32.tp1.32x4');
  assert.ok(only({}, cpu).one.expected <= 8);
  assert.match(only({ model: 'llm-70b' }).words, /--layers 80 .*--kv-heads 8 .*--tp 8/u);
});

test('the presets have the sizes that they are named after', () => {
  const billions = (name: 'llm-8b' | 'llm-70b') => multipliedWeights(PRESETS[name]) / 1e9;
  assert.ok(Math.abs(billions('llm-8b') - 7.5) < 0.1, String(billions('llm-8b')));
  assert.ok(Math.abs(billions('llm-70b') - 69.5) < 0.5, String(billions('llm-70b')));
});

test('a model of one’s own is run by its own shape', () => {
  const model = {
    name: 'mine',
    layers: 3,
    width: 96,
    heads: 6,
    'kv-heads': 2,
    ffn: 160,
    vocab: 500,
  };
  const { one, words } = only({ model });
  assert.is(one.parameters['model'], 'mine');
  assert.match(words, /--layers 3 --width 96 --heads 6 --kv-heads 2 --ffn 160 --vocab 500/u);
});

test('a mode that is not there, and a shape that can’t be, are refused with the reason', () => {
  const entry = suites.find((one) => one.id === 'inference');
  const messages = (block: object) => {
    const configured = entry?.configure(block);
    return configured !== undefined && 'issues' in configured
      ? configured.issues.map((one) => one.message).join('; ')
      : '';
  };
  assert.match(messages({ mode: 'server' }), /mode server loads a server/u);
  assert.is.not(messages({ mode: 'online' }), '');
  const odd = { name: 'x', layers: 1, width: 100, heads: 3, 'kv-heads': 1, ffn: 8, vocab: 8 };
  assert.is.not(messages({ model: odd }), '');
  assert.is(messages({}), '');
});

test('the roofline: decode by memory, prefill by compute', () => {
  const { suite, one } = only({});
  const limit = (metric: string) => {
    const give = one.gives.find((each) => each.metric === metric);
    return suite.ceiling(metric, give?.parameters ?? {}, 'h200-sxm', 1)?.value;
  };
  // 64 · 4.8e12 / (7.5e9 · 2 B + 64 · 128 KiB · 2048) by hand.
  const decode = (64 * 4.8e12) / (7.504658432e9 * 2 + 64 * 131072 * 2048);
  assert.ok(Math.abs((limit('inference.decode.throughput') ?? 0) / decode - 1) < 1e-9);
  const prefill = 989e12 / (2 * (7.504658432e9 - 4096 * 128256));
  assert.ok(Math.abs((limit('inference.prefill.throughput') ?? 0) / prefill - 1) < 1e-9);
  assert.is(limit('inference.first-token.time'), undefined);
});

function simulate(node = H200, fault?: string) {
  const { suite, one, step } = only({}, node);
  const truth = simulated(
    node,
    (_, parameters, index) => Number(parameters['batch']) + index,
    fault,
  );
  const stdout = [...suite.simulate(placed(step), truth, [])].join('');
  return { stdout, ...readSession(suite, one, [{ node, stdout }]) };
}

test('what is simulated is read to the same values, faults as faults', () => {
  const { readings, outcome } = simulate();
  assert.equal(outcome, { status: 'measured' });
  const decode = readings.flatMap((one) =>
    one.kind === 'sample' && one.metric === 'inference.decode.throughput' ? [one.value] : [],
  );
  assert.equal(decode, [64, 65, 66, 67, 68, 69, 70, 71]);
  assert.ok(simulate(H200, 'wrong-result').readings.some((one) => one.kind === 'check' && !one.ok));
});

test('simulated lines have the shape of recorded ones', () => {
  const real = readFileSync(
    new URL('../../../fixtures/recorded/inference/small-fp32-cpu-good.ndjson', import.meta.url),
    'utf8',
  );
  assert.equal([...shapes(simulate(cpu).stdout)].sort(), [...shapes(real)].sort());
});

test.run();
