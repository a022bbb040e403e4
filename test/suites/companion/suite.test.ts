import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node, PlacedStep, SimulatedNode } from '../../../runners/model.ts';
import { attribute } from '../../../suites/companion/cause.ts';
import { companion, companionStep } from '../../../suites/companion/suite.ts';

const cpu: Node = {
  id: 'n0001',
  identity: [],
  name: 'h',
  fabricAddress: '',
  accelerators: [{ id: 'cpu', kind: 'cpu', model: 'X', index: 0, memory: 1, cores: 2 }],
  domains: [],
  environment: {},
};

function read(node: Node, text: string) {
  const reader = companion.reader({ nodes: [node] });
  const live = text
    .split('\n')
    .flatMap((line, index) =>
      reader.line(line, { step: 0, node: node.id, stream: 'stdout', line: index + 1 }),
    );
  return [...live, ...reader.end([]).readings];
}

test('the real payload watches this machine, stops on SIGTERM at once and costs little', async () => {
  const [program] = companionStep([{ id: 'n0001' }]).argv;
  const path = typeof program === 'object' && 'payload' in program ? program.payload : '';
  const child = spawn('python3', [path, '--interval', '0.2'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  while (text.split('"cpu-busy"').length <= 3) await sleep(50);
  child.kill('SIGTERM');
  const asked = performance.now();
  assert.is(await closed, 0);
  assert.ok(performance.now() - asked < 2000);
  assert.match(text, /"kind": "done", "ok": true\}\n$/u);
  const readings = read(cpu, text);
  const fields = readings.flatMap((one) => (one.kind === 'telemetry' ? [one.field] : []));
  assert.ok(fields.filter((one) => one === 'cpu-busy').length >= 3);
  const cost = readings.find((one) => one.kind === 'sample' && one.metric === 'companion.cost.cpu');
  assert.ok(cost?.kind === 'sample' && cost.value > 0 && cost.value < 0.5);
});

test('the end of a pipe on standard input stops it too', async () => {
  const [program] = companionStep([{ id: 'n0001' }]).argv;
  const path = typeof program === 'object' && 'payload' in program ? program.payload : '';
  const child = spawn('sh', ['-c', 'sleep 0.3 | python3 "$0"', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  assert.is(code, 0);
  assert.match(text, /"done"/u);
});

test('a simulated GPU node reads back: events of its faults, zero on the others', () => {
  const accelerators = [0, 1].map((index) => ({
    id: `GPU-${index}`,
    kind: 'gpu' as const,
    model: 'H',
    index,
    memory: 1,
    cores: 1,
  }));
  const node: SimulatedNode = {
    node: { ...cpu, accelerators },
    value: () => undefined,
    faulty: (fault, accelerator) => fault === 'row-remap' && accelerator?.index === 1,
    random: () => 0,
  };
  const text = [...companion.simulate({ parameters: {} } as PlacedStep, node, [])].join('');
  const remaps = read(node.node, text).flatMap((one) =>
    one.kind === 'sample' && one.metric === 'companion.events.row-remap' ? [one.value] : [],
  );
  assert.equal(remaps, [0, 1]);
});

const at = (field: string, ...values: number[]) =>
  values.map((value, index) => ({ accelerator: 'GPU-0', at: index, field, value }));

test('slow is split into thermal, power, link, neighbour and unexplained', () => {
  assert.is(attribute(at('throttle.thermal', 0, 1, 1, 1)), 'thermal');
  assert.is(attribute(at('throttle.power-brake', 1, 1)), 'power');
  assert.is(attribute(at('nvlink-replay', 4, 9)), 'link');
  assert.is(attribute(at('nvlink-replay', 9, 9)), 'unexplained');
  assert.is(attribute([{ at: 0, field: 'cpu-steal', value: 0.2 }]), 'neighbour');
  assert.is(attribute([]), 'unexplained');
});

test('the power cap alone is the normal state; under a lowered limit it is power', () => {
  assert.is(attribute(at('throttle.power-cap', 1, 1)), 'unexplained');
  const lowered = [...at('power-limit', 500, 500), ...at('power-default', 700, 700)];
  assert.is(attribute([...lowered, ...at('throttle.power-cap', 1, 1)]), 'power');
});

test('only the window and the accelerator in question count', () => {
  const hot = at('throttle.thermal', 1, 1, 0, 0);
  assert.is(attribute(hot, 'GPU-0', [2, 3]), 'unexplained');
  assert.is(attribute(hot, 'GPU-1'), 'unexplained');
});

test.run();
