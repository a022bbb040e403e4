import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAmdSmi } from '../../../runners/inventory/parse/amd-smi.ts';
import * as files from '../../../runners/inventory/parse/files.ts';
import { parseXids } from '../../../runners/inventory/parse/kernel-log.ts';
import { parseLscpu } from '../../../runners/inventory/parse/lscpu.ts';
import { parseNvidiaSmi } from '../../../runners/inventory/parse/nvidia-smi.ts';
import { parseNvlinkStatus } from '../../../runners/inventory/parse/nvlink.ts';
import { parseRocmSmi } from '../../../runners/inventory/parse/rocm-smi.ts';
import { parseTpuEnv, parseTpuInfo } from '../../../runners/inventory/parse/tpu.ts';
import { parseTopology } from '../../../runners/inventory/parse/topology.ts';

const recorded = (name: string) =>
  readFileSync(new URL(`../../../fixtures/recorded/${name}`, import.meta.url), 'utf8');
const a100 = recorded('inventory/telegraf-nvidia-smi-a100-sxm4-80gb-mig.xml');

test('nvidia-smi -q -x of an A100 with MIG on is read', () => {
  const smi = parseNvidiaSmi(a100);
  assert.is(smi?.driver, '535.54.03');
  assert.is(smi?.cuda, '12.2');
  assert.equal(smi?.gpus, [
    {
      index: 0,
      uuid: 'GPU-513536b6-7d19-9063-b049-1e69664bb298',
      serial: '1650522003820',
      model: 'NVIDIA A100-SXM4-80GB',
      vbios: '92.00.36.00.02',
      gsp: '535.54.03',
      pci: '0000:01:00.0',
      memory: 81920 * 2 ** 20,
      mig: true,
      ecc: true,
      eccVolatile: 0,
      eccAggregate: 0,
      powerLimit: 500,
      powerDefault: 500,
      pcie: { gen: 4, maxGen: 4, deviceGen: 4, width: 16, maxWidth: 16 },
      state: 'P0',
      maxClock: 1410e6,
      processes: [],
    },
  ]);
});

test('what nvidia-smi does not know is absent, never zero', () => {
  const gpu = parseNvidiaSmi(a100)?.gpus[0];
  assert.not.ok('remaps' in (gpu ?? {}));
  assert.not.ok('fabric' in (gpu ?? {}));
});

test('a truncated nvidia-smi -q -x is not read', () => {
  assert.is(parseNvidiaSmi(a100.slice(0, 16_000)), undefined);
});

test('entities declared by a node are not expanded', () => {
  const evil = `<!DOCTYPE nvidia_smi_log [<!ENTITY x "boom">]><nvidia_smi_log><gpu><product_name>&x;</product_name></gpu></nvidia_smi_log>`;
  assert.is.not(parseNvidiaSmi(evil)?.gpus[0]?.model, 'boom');
});

test('XIDs are read from a recorded kernel log', () => {
  const xids = parseXids(recorded('gpud-dmesg-xid-119.log'));
  assert.ok(xids.length > 0);
  assert.ok(xids.every((xid) => xid.code === 119 && xid.pci === '0000:9b:00'));
  assert.match(xids[0]?.detail ?? '', /GSP/u);
});

test('NVLinks are read with their rate', () => {
  const gpus = parseNvlinkStatus(recorded('gpud-nvidia-smi-nvlink-status-a100.txt'));
  assert.is(gpus.length, 8);
  assert.is(gpus[0]?.uuid, 'GPU-5269b708-678a-b1a8-60f0-c90406537486');
  assert.equal(
    gpus[0]?.links,
    Array.from({ length: 12 }, () => 25e9),
  );
});

test('the topology matrix gives the path between devices', () => {
  const topology = parseTopology(recorded('inventory/nvidia-smi-topo-8xH100-1nic.txt'));
  assert.is(topology?.devices.length, 9);
  assert.is(topology?.path('GPU0', 'GPU7'), 'NV18');
  assert.is(topology?.path('GPU4', 'NIC0'), 'SYS');
  assert.is(topology?.numa['GPU7'], '1');
  assert.is(parseTopology('no matrix here'), undefined);
});

test('rocm-smi JSON of four MI100 is read', () => {
  const smi = parseRocmSmi(recorded('inventory/telegraf-rocm-smi-mi100.json'));
  assert.is(smi?.driver, '6.3.6');
  assert.is(smi?.gpus.length, 4);
  assert.equal(smi?.gpus[1], {
    index: 1,
    uuid: '0x4edfb117a17a07d',
    model: 'Arcturus GL-XL [Instinct MI100]',
    vbios: '113-D3431401-101',
    pci: '0000:a3:00.0',
    memory: 34_342_961_152,
    processes: [],
  });
});

test('amd-smi JSON of an MI210 is read, as a list too; who it is comes from amd-smi list', () => {
  const text = recorded('inventory/amd-smi-static-mi210.json');
  const smi = parseAmdSmi(text);
  const gpu = {
    index: 0,
    model: 'AMD Instinct MI210',
    memory: 65_520 * 2 ** 20,
    ecc: true,
    powerLimit: 300,
    processes: [],
  };
  assert.equal(smi?.gpus, [gpu], 'what it does not tell is absent: no serial "0", no UUID');
  assert.match(smi?.driver ?? '', /6\.14\.0-24-generic/u);
  // ROCm 6 has no gpu_data; form of the list as its documentation gives it.
  const list = '[{"gpu":0,"bdf":"0000:23:00.0","uuid":"67ff740f-0000-1000-80e6-b5bb3c3ce0db"}]';
  const { gpu_data: plain } = JSON.parse(text) as { gpu_data: unknown };
  const [named] = parseAmdSmi(JSON.stringify(plain), list)?.gpus ?? [];
  assert.equal([named?.uuid, named?.pci], ['67ff740f-0000-1000-80e6-b5bb3c3ce0db', '0000:23:00.0']);
  assert.is(parseAmdSmi(text.slice(0, 500)), undefined, 'a cut one is not read');
  assert.is(parseAmdSmi('{"gpu_data":[{"gpu":"x"}]}'), undefined);
});

test('lscpu -J is read flat and nested', () => {
  const flat = parseLscpu(
    '{"lscpu":[{"field":"CPU(s):","data":"2"},{"field":"Model name:","data":"X"}]}',
  );
  assert.equal(flat, { model: 'X', threads: 2 });
  const nested = parseLscpu(
    '{"lscpu":[{"field":"CPU(s):","data":"96"},{"field":"Vendor ID:","data":"I","children":[{"field":"Model name:","data":"Y","children":[{"field":"Socket(s):","data":"2"},{"field":"Core(s) per socket:","data":"24"}]}]}]}',
  );
  assert.equal(nested, { model: 'Y', threads: 96, sockets: 2, cores: 48 });
  assert.is(parseLscpu('Architecture: x86_64'), undefined);
});

test('port rates carry their lanes', () => {
  assert.equal(files.parsePortRate('400 Gb/sec (4X NDR)'), { rate: 50e9, lanes: 4 });
  assert.equal(files.parsePortRate('200 Gb/sec (2X NDR)'), { rate: 25e9, lanes: 2 });
  assert.is(files.parsePortRate(undefined), undefined);
});

test('NCCL version codes are read in both forms', () => {
  assert.is(files.ncclVersion(21_805), '2.18.5');
  assert.is(files.ncclVersion(2708), '2.7.8');
});

test('tpu-info is read in both of its forms; a cut one is not', () => {
  const plain = parseTpuInfo(recorded('inventory/tpu-info-4xv6e.txt'));
  assert.is(plain?.libtpu, '0.0.19.dev20250721+nightly');
  assert.is(plain?.accelerator, 'v6e');
  const chip = { path: '/dev/vfio/3', type: 'TPU v6e chip', devices: 1, pid: 1469584 };
  assert.equal([plain?.chips.length, plain?.chips.at(-1)], [4, chip]);
  const boxes = parseTpuInfo(recorded('inventory/tpu-info-4xv6e-boxes.txt'));
  assert.equal([boxes?.chips.length, boxes?.chips[0]?.pid], [4, 1052]);
  assert.is(parseTpuInfo('Libtpu version: 0.0.18\nTPU Chips\n'), undefined);
});

test('tpu-env names the slice, its topology and the place of the host; what is empty is absent', () => {
  const v4 = parseTpuEnv(recorded('inventory/tpu-env-v4-256.txt'));
  assert.equal(
    ['TOPOLOGY', 'HOST_BOUNDS', 'WORKER_ID', 'INJECT_SLICE_BUILDER_FAULT'].map((key) =>
      v4.get(key),
    ),
    ['4x4x8', '2,2,8', '0', undefined],
  );
  assert.is(parseTpuEnv("A: 'b\nC: 'd'").get('A'), undefined);
});

test.run();
