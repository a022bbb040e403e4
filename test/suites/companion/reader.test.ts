import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../../runners/model.ts';
import { companionReader } from '../../../suites/companion/reader.ts';
import type { Reading } from '../../../suites/model.ts';

const gpu = (index: number) =>
  ({ id: `GPU-${index}`, kind: 'gpu', model: 'H', index, memory: 1, cores: 1 }) as const;
const node: Node = {
  id: 'n0001',
  identity: [],
  name: 'h',
  fabricAddress: '',
  accelerators: [gpu(0), gpu(1)],
  domains: [],
  environment: {},
};

function read(records: readonly object[]) {
  const reader = companionReader({ nodes: [node] });
  const lines = records.map((one) => JSON.stringify({ assay: 1, ...one }));
  const live = lines.flatMap((text, index) =>
    reader.line(text, { step: 1, node: 'n0001', stream: 'stdout', line: index + 1 }),
  );
  const { readings, outcome } = reader.end([]);
  const value = (metric: string, accelerator?: string) =>
    readings.flatMap((one: Reading) => {
      if (one.kind !== 'sample' || one.metric !== metric) return [];
      const of = one.subject.kind === 'accelerator' ? one.subject.accelerator : undefined;
      return of === accelerator ? [one.value] : [];
    })[0];
  return { live, readings, outcome, value };
}
const watch = (accelerator: number | undefined, at: number, fields: object) => ({
  kind: 'watch',
  ...(accelerator !== undefined && { accelerator }),
  at,
  fields,
});
const readable = { kind: 'fact', name: 'kernel-log', value: 'readable' };

test('counters give differences over the trial, per accelerator', () => {
  const { value } = read([
    watch(0, 1, { 'ecc-uncorrected': 7, 'remap-uncorrectable': 2, 'remap-pending': 0 }),
    watch(1, 1, { 'ecc-uncorrected': 0 }),
    watch(0, 2, { 'ecc-uncorrected': 9, 'remap-uncorrectable': 3, 'remap-pending': 1 }),
    watch(1, 2, { 'ecc-uncorrected': 0 }),
  ]);
  assert.is(value('companion.events.ecc-uncorrected', 'GPU-0'), 2);
  assert.is(value('companion.events.ecc-uncorrected', 'GPU-1'), 0);
  assert.is(value('companion.events.row-remap', 'GPU-0'), 2);
});

test('what could not be read is absent, not zero', () => {
  const { value } = read([watch(0, 1, { power: 300 })]);
  assert.is(value('companion.events.ecc-uncorrected', 'GPU-0'), undefined);
  assert.is(value('companion.events.xid', 'GPU-0'), undefined);
  assert.is(value('companion.events.hardware-slowdown', 'GPU-0'), undefined);
});

test('hardware XIDs count on their accelerator, application XIDs do not', () => {
  const { value } = read([
    readable,
    watch(0, 1, { power: 1 }),
    watch(1, 1, { power: 1 }),
    watch(0, 2, { xid: 79 }),
    watch(1, 2, { xid: 31 }),
  ]);
  assert.is(value('companion.events.xid', 'GPU-0'), 1);
  assert.is(value('companion.events.xid', 'GPU-1'), 0);
});

test('an XID of an unknown device counts against every accelerator', () => {
  const { value } = read([readable, watch(0, 1, { power: 1 }), watch(undefined, 2, { xid: 79 })]);
  assert.is(value('companion.events.xid', 'GPU-0'), 1);
});

test('throttle reasons are a mask: several at once are all seen, and slowdowns are counted as they begin', () => {
  const { live, value } = read([
    watch(0, 1, { throttle: 0x4 }),
    watch(0, 2, { throttle: 0x4 | 0x40 }),
    watch(0, 3, { throttle: 0x40 }),
    watch(0, 4, { throttle: 0x1 }),
    watch(0, 5, { throttle: 0x80 }),
  ]);
  assert.is(value('companion.events.hardware-slowdown', 'GPU-0'), 2);
  const thermal = live.filter(
    (one) => one.kind === 'telemetry' && one.field === 'throttle.thermal',
  );
  assert.equal(
    thermal.map((one) => one.kind === 'telemetry' && one.value),
    [0, 1, 1, 0, 0],
  );
});

test('the companion reports its own cost and claims nothing', () => {
  const { value, outcome } = read([
    watch(undefined, 1, { 'own-cpu': 0.05 }),
    watch(undefined, 1, { 'own-wall': 10 }),
  ]);
  assert.is(value('companion.cost.cpu'), 0.005);
  assert.equal(outcome, { status: 'measured' });
});

test('a device that the node does not have and broken lines are left out', () => {
  const reader = companionReader({ nodes: [node] });
  const from = { step: 1, node: 'n0001', stream: 'stdout', line: 1 } as const;
  for (const text of [
    '{"assay":1,"kind":"watch","accelerator":9,"at":1,"fields":{"power":1}}',
    '{"assay":1,"kind":"watch","at":"x","fields":{"power":1}}',
    '{"assay":1,"kind":"watch","at":1,"fields":',
    'plain',
  ]) {
    assert.equal(reader.line(text, from), []);
  }
  assert.equal(reader.end([]).readings, []);
});

test.run();
