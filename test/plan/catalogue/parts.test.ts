import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { floorCriterion } from '../../../plan/catalogue/floor.ts';
import { floorsOf } from '../../../plan/catalogue/floors.ts';
import { partById, partFor, parts } from '../../../plan/catalogue/parts.ts';
import { classifyXid, xidByCode, xids } from '../../../plan/catalogue/xid.ts';

const SKUS = [
  'a100-sxm-40',
  'a100-sxm-80',
  'h100-sxm',
  'h100-pcie',
  'h100-nvl',
  'h200-sxm',
  'b200',
  'b300',
  'gb200',
  'gb300',
  'gh200',
  'mi300x',
  'mi325x',
  'mi355x',
  'tpu-v5e',
  'tpu-v5p',
  'tpu-v6e',
  'tpu-7x',
  'cpu-reference',
];

test('every SKU is there once, and nothing else', () => {
  assert.equal(parts.map((part) => part.sku).sort(), [...SKUS].sort());
});

const names: readonly (readonly [model: string, sku: string | undefined])[] = [
  ['NVIDIA A100-SXM4-40GB', 'a100-sxm-40'],
  ['NVIDIA A100-SXM4-80GB', 'a100-sxm-80'],
  ['NVIDIA A100 80GB PCIe', undefined],
  ['NVIDIA H100 80GB HBM3', 'h100-sxm'],
  ['NVIDIA H100 80GB HBM3 MIG 1g.10gb', undefined],
  ['NVIDIA H100 PCIe', 'h100-pcie'],
  ['NVIDIA H100 NVL', 'h100-nvl'],
  ['NVIDIA H200', 'h200-sxm'],
  ['NVIDIA H200 NVL', undefined],
  ['NVIDIA GH200 480GB', 'gh200'],
  ['NVIDIA B200', 'b200'],
  ['NVIDIA B300 SXM6 AC', 'b300'],
  ['NVIDIA GB200', 'gb200'],
  ['NVIDIA GB300', 'gb300'],
  ['AMD Instinct MI300X OAM', 'mi300x'],
  ['AMD Instinct MI325X', 'mi325x'],
  ['AMD Instinct MI355X', 'mi355x'],
  ['TPU v5 lite', 'tpu-v5e'],
  ['TPU v5p', 'tpu-v5p'],
  ['TPU v5', 'tpu-v5p'],
  ['TPU v6 lite', 'tpu-v6e'],
  ['TPU7x', 'tpu-7x'],
  ['Tesla T4', undefined],
  ['NVIDIA L40S', undefined],
  ['Intel(R) Xeon(R) Platinum 8481C', undefined],
];

for (const [model, sku] of names) {
  test(`the driver's name "${model}" is ${sku ?? 'no part of the catalogue'}`, () => {
    assert.is(partFor([model])?.sku, sku);
    assert.is(partFor([model, model])?.sku, sku);
  });
}

test('a mixture of parts, or no part at all, is none', () => {
  assert.is(partFor(['NVIDIA H100 80GB HBM3', 'NVIDIA H200']), undefined);
  assert.is(partFor(['NVIDIA H200', 'Tesla T4']), undefined);
  assert.is(partFor([]), undefined);
});

test("no name is two parts' at once", () => {
  for (const [model] of names) {
    const found = parts.filter((part) => partFor([model]) === part);
    assert.ok(found.length <= 1);
  }
});

test('every figure is positive, of a plausible size, and has a source', () => {
  for (const part of parts) {
    const figures = [
      ...Object.values(part.peaks),
      part.memory,
      part.memoryBandwidth,
      part.scaleUp,
      part.power,
      part.hostNetwork,
      ...part.machines.map((machine) => machine.rate),
    ].filter((figure) => figure !== undefined);
    for (const { value, source } of figures) {
      assert.ok(value > 0 && Number.isFinite(value), `${part.sku}: ${source}`);
      assert.ok(source.length > 5, part.sku);
    }
    for (const peak of Object.values(part.peaks)) {
      assert.ok(peak.value >= 1e13 && peak.value < 2e16, `${part.sku}: ${peak.value}`);
    }
  }
});

test('dense peaks are the dense ones', () => {
  assert.is(partById('h200-sxm')?.peaks['bf16']?.value, 989e12);
  assert.is(partById('b200')?.peaks['fp8']?.value, 4.5e15);
  assert.is(partById('mi355x')?.peaks['bf16']?.value, 2.5e15);
  assert.is(partById('tpu-7x')?.peaks['bf16']?.value, 2.307e15);
});

test('a figure without a source does not compile', () => {
  // @ts-expect-error -- source is missing
  const figure: NonNullable<ReturnType<typeof partById>>['memory'] = { value: 1 };
  assert.ok(figure);
});

test('floors below datasheets are sanity floors, shipped limits are the catalogue’s', () => {
  const floors = new Map(floorsOf('h200-sxm', 'azure').map((floor) => [floor.id, floor]));
  assert.is(floors.get('bf16-sustained')?.standing, 'sanity');
  assert.ok(Math.abs((floors.get('fp8-sustained')?.limit?.value ?? 0) - 1187.4e12) < 1e9);
  assert.is(floors.get('all-reduce-node')?.limit?.value, 431e9);
  assert.is(floors.get('transfer-h2d')?.limit?.value, 48e9);
  assert.is(floors.get('alltoall-pair')?.limit?.value, 70e9);
});

test('no floor is above what its part can do', () => {
  for (const part of parts) {
    for (const floor of floorsOf(part.sku, 'own')) {
      const { dtype } = floor.where;
      const peak =
        floor.metric === 'matmul.gemm.throughput'
          ? part.peaks[String(dtype)]
          : part.memoryBandwidth;
      if (floor.limit === undefined || peak === undefined || floor.metric.startsWith('nccl'))
        continue;
      if (floor.metric === 'matmul.transfer.bandwidth') continue;
      assert.ok(floor.limit.value < peak.value, `${part.sku} ${floor.id}`);
      assert.ok(floor.limit.value > 0.1 * peak.value, `${part.sku} ${floor.id}`);
    }
  }
});

test('a TPU has floors: results exact, products, copies and the host’s links below its datasheet', () => {
  const of = (chips: number) =>
    new Map(floorsOf('tpu-v6e', 'gcp', chips).map((floor) => [floor.id, floor]));
  const [four, eight] = [of(4), of(8)];
  assert.is(four.get('gemm-correct')?.decide, 'exact');
  assert.equal([...four.keys()], [...eight.keys()]);
  const limit = (id: string) => four.get(id)?.limit?.value ?? 0;
  assert.ok(Math.abs(limit('bf16-sustained') / 1e12 - 550.8) < 0.1);
  assert.ok(Math.abs(limit('memory-copy') / 1e9 - 1146.6) < 0.1);
  assert.ok(Math.abs(limit('all-reduce-node') / 1e9 - 80) < 0.1, '40 % of two links of a corner');
  assert.is(four.get('fp8-sustained'), undefined, 'it runs at the rate of bf16');
  assert.ok(floorsOf('tpu-7x', 'gcp').some(({ id }) => id === 'fp8-sustained'));
  assert.not.ok(of(1).has('all-reduce-node'), 'one chip has no links');
});

test('a floor measured on a whole node does not hold for a part of one', () => {
  const ids = (accelerators?: number) =>
    floorsOf('h100-sxm', 'own', accelerators).map((floor) => floor.id);
  assert.ok(ids().includes('all-reduce-node'));
  assert.not(ids(1).includes('all-reduce-node'));
  assert.not(ids(4).includes('all-reduce-node'));
  assert.ok(ids(4).includes('all-reduce-correct'));
  assert.not(ids(1).includes('all-reduce-correct'));
});

test('floors for another network are left out', () => {
  const ids = floorsOf('h100-sxm', 'gcp').map((floor) => floor.id);
  assert.not(ids.includes('alltoall-pair'));
});

test('ids of floors are unique within a SKU, and an unknown SKU has none', () => {
  for (const { sku } of parts) {
    const ids = floorsOf(sku, 'own').map((floor) => floor.id);
    assert.is(new Set(ids).size, ids.length, sku);
  }
  assert.equal(floorsOf('t4', 'own'), []);
});

test('an event floor allows none, and a check is exact', () => {
  const floors = new Map(floorsOf('h200-sxm', 'own').map((floor) => [floor.id, floor]));
  const ecc = floors.get('events-ecc-uncorrected');
  const gemm = floors.get('gemm-correct');
  assert.ok(ecc && gemm);
  assert.is(floorCriterion(ecc).decide, 'events');
  assert.is(floorCriterion(ecc).bound, 'at-most');
  assert.is(floorCriterion(ecc).limit.value, 0);
  assert.is(floorCriterion(gemm).decide, 'exact');
  assert.is(floorCriterion(gemm, false).mandatory, false);
});

test('XIDs are the application’s, the hardware’s or informational, and an unknown one the hardware’s', () => {
  for (const code of [13, 31, 43, 45, 68, 109]) assert.is(classifyXid(code), 'application');
  for (const code of [48, 64, 74, 79, 94, 95, 119, 140]) assert.is(classifyXid(code), 'hardware');
  assert.is(classifyXid(63), 'informational');
  assert.is(classifyXid(9999), 'hardware');
  assert.is(xidByCode(79)?.name, 'ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS');
  assert.is(xidByCode(9999), undefined);
  assert.is(new Set(xids.map((xid) => xid.code)).size, xids.length);
});

test.run();
