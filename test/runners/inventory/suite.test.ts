import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inventoriedNode } from '../../../runners/inventory/node.ts';
import { createInventory, inventoryStep } from '../../../runners/inventory/suite.ts';
import type { Node, PlacedStep, SimulatedNode } from '../../../runners/model.ts';
import type { Suite } from '../../../suites/model.ts';

const bare = (id: string): Node => ({
  id,
  identity: [],
  name: 'h',
  fabricAddress: '127.0.0.1',
  accelerators: [],
  domains: [],
  environment: {},
});
const inventory: Suite = createInventory();
const exit = {
  ended: 'exited',
  code: 0,
  node: 'n0001',
  rank: 0,
  seconds: 1,
  step: 0,
  role: 'rank',
} as const;
const theCase = inventory.cases([])[0]!;

function read(text: string, id = 'n0001') {
  const node = bare(id);
  const reader = inventory.reader({ case: theCase, attempt: 'a', nodes: [node], steps: [] });
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    reader.line(line, { step: 0, node: id, stream: 'stdout', line: number });
  }
  const { readings, outcome } = reader.end([{ ...exit, node: id }]);
  const checks = readings.filter((one) => one.kind === 'check');
  const fact = (name: string) =>
    readings.flatMap((one) => (one.kind === 'fact' && one.name === name ? [one.value] : []))[0];
  return { readings, outcome, checks, fact, node: inventoriedNode(node, readings) };
}

const gpuNode: Node = {
  ...bare('n0001'),
  identity: [{ kind: 'serial', value: 'SN-17' }],
  machine: 'boot-1',
  environment: { driver: '570.1', cuda: '12.8', vbios: '96.00', kernel: '6.8', os: 'Ubuntu' },
  accelerators: Array.from({ length: 8 }, (_, index) => ({
    id: `GPU-${index}`,
    kind: 'gpu' as const,
    model: 'NVIDIA H200',
    index,
    memory: 150_754_820_096,
    cores: 1,
  })),
};

function simulated(node: Node, values: Record<string, number> = {}, faults: string[] = []) {
  const at: SimulatedNode = {
    node,
    value: (metric) => ({ 'inventory.nics': 8, 'inventory.nic-rate': 50e9, ...values })[metric],
    faulty: (fault, accelerator) => faults.includes(fault) && accelerator?.index === 3,
    random: () => 0.5,
  };
  return [...inventory.simulate({} as PlacedStep, at, [])].join('');
}

test('a real CPU node becomes the reference device with identity facts and lost facts', () => {
  const script = fileURLToPath(
    new URL('../../../runners/inventory/payload/inventory.py', import.meta.url),
  );
  const text = execFileSync('python3', [script], { encoding: 'utf8' });
  const { node, outcome, fact } = read(text);
  assert.equal(outcome, { status: 'measured' });
  assert.is(node.accelerators.length, 1);
  assert.is(node.accelerators[0]?.kind, 'cpu');
  assert.ok((node.accelerators[0]?.memory ?? 0) > 2 ** 28);
  assert.ok(node.machine);
  assert.ok(node.environment['kernel']);
  assert.ok(fact('memory'));
});

test('the recorded CPU node reads as it did', () => {
  const text = readFileSync(
    new URL('../../../fixtures/recorded/inventory/this-machine-cpu.ndjson', import.meta.url),
    'utf8',
  );
  const { node, fact, checks } = read(text);
  assert.equal(node.accelerators, [
    { id: 'cpu', kind: 'cpu', model: 'AMD EPYC', index: 0, memory: 25_276_502_016, cores: 2 },
  ]);
  assert.equal(node.identity, []);
  assert.is(fact('lost.serial'), 'this machine shows no DMI');
  assert.is(fact('environment.torch'), '1.13.0a0');
  assert.equal(
    checks.map((one) => one.name),
    ['readiness.accelerator-count', 'readiness.shm'],
  );
});

test('a healthy simulated H200 node is whole and ready', () => {
  const { node, checks, fact } = read(simulated(gpuNode));
  assert.equal(node.accelerators, gpuNode.accelerators);
  assert.equal(node.identity[0], { kind: 'serial', value: 'SN-17' });
  assert.is(node.environment['driver'], '570.1');
  assert.is(fact('nics'), '8');
  assert.is(fact('nic-rate'), String(50e9));
  assert.equal(
    checks.filter((one) => !one.ok),
    [],
  );
  const names = new Set(checks.map((one) => one.name));
  for (const name of inventory.checks) {
    if (name !== 'readiness.nvlink') assert.ok(names.has(name), name);
  }
  assert.ok(fact('lost.nvlink'));
});

const failing = (text: string) => read(text).checks.filter((one) => !one.ok);

test('a pending row remap fails on its accelerator alone', () => {
  const [only, ...rest] = failing(simulated(gpuNode, {}, ['row-remap']));
  assert.equal(rest, []);
  assert.is(only?.name, 'readiness.row-remap');
  assert.equal(only?.subject, { kind: 'accelerator', node: 'n0001', accelerator: 'GPU-3' });
});

test('a hardware XID in the kernel log fails the node', () => {
  assert.equal(
    failing(simulated(gpuNode, {}, ['xid'])).map((one) => one.name),
    ['readiness.xid'],
  );
});

test('seven GPUs listed of eight on the bus fail the count', () => {
  const seven = { ...gpuNode, accelerators: gpuNode.accelerators.slice(0, 7) };
  const bad = failing(simulated(seven, { 'inventory.on-bus': 8 }));
  assert.equal(
    bad.map((one) => one.detail),
    ['8 on the PCI bus, 7 listed by the driver'],
  );
});

test('a GPU that only the bus shows never becomes a CPU node', () => {
  const none = { ...gpuNode, accelerators: [] };
  const { node, checks } = read(simulated(none, { 'inventory.on-bus': 8 }));
  assert.equal(node.accelerators, []);
  assert.ok(checks.some((one) => one.name === 'readiness.accelerator-count' && !one.ok));
});

test('a NIC at half width fails', () => {
  const bad = failing(simulated(gpuNode, { 'inventory.nics-bad': 1 }));
  assert.equal(
    bad.map((one) => one.name),
    ['readiness.nics'],
  );
  assert.match(bad[0]?.detail ?? '', /mlx5_0 active 200 Gb\/s x2 PCIe x8 of x16/u);
});

test('MIG on fails, and what the A100 record lacks is lost, not passed', () => {
  const xml = readFileSync(
    new URL(
      '../../../fixtures/recorded/inventory/telegraf-nvidia-smi-a100-sxm4-80gb-mig.xml',
      import.meta.url,
    ),
    'utf8',
  );
  const line = (source: string, text: string) =>
    JSON.stringify({ assay: 1, kind: 'output', source, exit: 0, part: 0, last: true, text });
  const { checks, fact } = read(
    `${line('nvidia-smi -q -x', xml)}\n{"assay":1,"kind":"done","ok":true}`,
  );
  assert.is(checks.find((one) => one.name === 'readiness.mig')?.ok, false);
  assert.not.ok(checks.some((one) => one.name === 'readiness.row-remap'));
  assert.ok(fact('lost.row-remap'));
  assert.ok(fact('lost.xid'));
});

test('a TPU host says its slice, its place there and what runs it; a chip that tpu-info misses fails the count', () => {
  const recorded = (name: string) =>
    readFileSync(new URL(`../../../fixtures/recorded/inventory/${name}`, import.meta.url), 'utf8');
  const line = (source: string, text: string) =>
    JSON.stringify({ assay: 1, kind: 'output', source, exit: 0, part: 0, last: true, text });
  const host = (chips: number, env: string) => {
    const bus = Array.from({ length: chips }, (_, index) => [
      `0000:0${index}:05.0`,
      { vendor: '0x1ae0', device: '0x006f', class: '0x120000' },
    ]);
    return read(
      [
        line('pci', JSON.stringify(Object.fromEntries(bus))),
        line('tpu-env', recorded(env)),
        line('tpu-info', recorded('tpu-info-4xv6e.txt')),
        line('libraries', JSON.stringify({ jax: '0.10.2', nccl: {} })),
        '{"assay":1,"kind":"done","ok":true}',
      ].join('\n'),
    );
  };
  const { node, fact, checks } = host(4, 'tpu-env-v4-256.txt');
  assert.equal(
    node.accelerators.map(({ kind, model }) => `${kind} ${model}`),
    Array.from({ length: 4 }, () => 'tpu TPU v6e'),
  );
  assert.equal(node.domains, [
    { kind: 'slice', id: 'us-central2-b/penghao-tpu-1', from: 'inventory' },
  ]);
  assert.is(node.environment['libtpu'], '0.0.19.dev20250721+nightly');
  assert.is(node.environment['jax'], '0.10.2');
  assert.equal([fact('tpu.topology'), fact('tpu.worker')], ['4x4x8', '0']);
  assert.match(fact('tpu.held') ?? '', /vfio\/0 by 1469584/u);
  const count = (all: typeof checks) =>
    all.find((one) => one.name === 'readiness.accelerator-count')?.ok;
  assert.is(count(checks), true);
  const compute = host(3, 'tpu-env-compute-v6e-1.txt');
  assert.is(count(compute.checks), false);
  assert.equal(compute.node.domains, [], '"0" names no slice');
});

test('no last line: nothing is read and the attempt failed', () => {
  const cut = simulated(gpuNode).split('\n').slice(0, -2).join('\n');
  const { readings, outcome } = read(cut);
  assert.equal(readings, []);
  assert.is(outcome.status === 'failed' && outcome.code, 'NO_DONE');
});

test('a node that cannot be reached or has no Python is no node fault', () => {
  const reader = inventory.reader({
    case: theCase,
    attempt: 'a',
    nodes: [bare('n0001')],
    steps: [],
  });
  const end = reader.end([
    { ...exit, ended: 'not-started', code: 'NO_PYTHON', reason: 'none found' },
  ]);
  assert.is(end.outcome.status === 'failed' && end.outcome.owner, 'harness');
});

test('junk serials are no identity', () => {
  const junk = {
    ...gpuNode,
    identity: [{ kind: 'serial' as const, value: 'To be filled by O.E.M.' }],
  };
  const { node } = read(simulated(junk));
  assert.is(node.identity[0]?.kind, 'accelerators');
});

test('garbage, forged and torn lines leave the reader standing', () => {
  const noise = [
    '{"assay":1,"kind":"output"',
    '\u0000\u001b[31m',
    '{"assay":1,"kind":"lost","fact":"../x","why":""}',
  ];
  const { outcome } = read(`${noise.join('\n')}\n${simulated(gpuNode)}`);
  assert.equal(outcome, { status: 'measured' });
});

test('the step carries the prefix for root as one argument', () => {
  const step = inventoryStep([{ id: 'n0001' }], { become: ['sudo', '-n'] });
  assert.equal(step.argv.slice(1), ['--become', '["sudo","-n"]']);
});

test.run();
