/**
 * Floors by SKU (FACTS.md F's shape for each): shipped pass limits that hold up, and sanity floors derived
 * from datasheets. Limits of FACTS.md B that are wrong (DCGM's 2,333 MB/s for H200, AWS's 800 and 900 over
 * several nodes, OCI's 0, AICR's stacked tolerances) are not here.
 */
import type { Part } from '../model.ts';
import type { Floor } from './floor.ts';
import { cpuFloors } from './floors-cpu.ts';
import { rules } from './floors-rules.ts';
import { tpuFloors } from './floors-tpu.ts';
import { partById } from './parts.ts';

const GIB = 2 ** 30;
/** Square products that are large enough for the sustained rate. */
const SHAPE = 8192;
const OCI = 'oracle-quickstart/oci-hpc active_healthcheck.py';
const NHC = 'Azure/azurehpc-health-checks';

/** Shares of the datasheet's dense peak that a sustained product must reach at least. */
const GEMM_SHARE: Readonly<Record<string, number>> = { bf16: 0.65, fp8: 0.6 };
/** AMD's published achievable share is lower (FACTS.md C.d: MI300X 51 %). */
const AMD_SHARE: Readonly<Record<string, number>> = { bf16: 0.4, fp8: 0.35 };

/** Busbw of all_reduce in one node, 16 GiB. */
const ALL_REDUCE: Readonly<Record<string, { gb: number; source: string; state: string }>> = {
  'a100-sxm-40': { gb: 228, source: `${NHC} conf/nd96asr_v4.conf`, state: 'NCCL, 8 GPUs, ring' },
  'a100-sxm-80': { gb: 228, source: `${NHC} conf/nd96asr_v4.conf`, state: 'NCCL, 8 GPUs, ring' },
  'h100-sxm': { gb: 460, source: `${NHC} conf/nd96isr_h100_v5.conf`, state: '8 GPUs, NVLS on' },
  'h200-sxm': {
    gb: 431,
    source: `${NHC}, ND H200 v5 (isr)`,
    state: '8 GPUs, NVLS on; ring is 368',
  },
  b200: { gb: 440, source: OCI, state: '8 GPUs, NVLS on' },
  b300: { gb: 800, source: OCI, state: '8 GPUs, NVLS on' },
  mi300x: { gb: 314, source: `${NHC}, ND MI300X v5`, state: 'RCCL, 8 GPUs' },
  mi355x: { gb: 310, source: `${OCI}, RCCL function`, state: 'RCCL, 8 GPUs' },
};

/** Copies between host and device, GB/s a direction. */
const TRANSFER: Readonly<Record<string, { h2d: number; d2h: number; source: string }>> = {
  'h100-sxm': { h2d: 48, d2h: 48, source: `${NHC} conf/nd96isr_h100_v5.conf` },
  'h200-sxm': { h2d: 48, d2h: 48, source: `${NHC} H100 v5, the same PCIe 5` },
  mi300x: { h2d: 48, d2h: 44, source: `${NHC}, ND MI300X v5` },
};

/**
 * Every floor for a SKU.
 *
 * @param provider who is paid: some figures hold for one network only
 * @param accelerators of a node; absent: the usual node's
 * @returns empty for an unknown SKU
 */
export function floorsOf(sku: string, provider: string, accelerators?: number): readonly Floor[] {
  const part = partById(sku);
  if (part === undefined) return [];
  const count = accelerators ?? part.perNode;
  return allFloors(part).filter(
    (floor) =>
      (floor.provider === undefined || floor.provider === provider) &&
      floor.notProvider?.includes(provider) !== true &&
      (floor.accelerators === 'several' ? count > 1 : (floor.accelerators ?? count) === count),
  );
}

function allFloors(part: Part): readonly Floor[] {
  switch (part.kind) {
    case 'cpu':
      return cpuFloors;
    case 'tpu':
      return [...rules(part), ...tpuFloors(part)];
    case 'gpu':
      return [
        ...rules(part),
        ...compute(part),
        ...memory(part),
        ...transfers(part),
        ...network(part),
      ];
  }
}

function compute(part: Part): readonly Floor[] {
  const shares = part.sku.startsWith('mi') ? AMD_SHARE : GEMM_SHARE;
  return Object.entries(shares).flatMap(([dtype, share]): Floor[] => {
    const peak = part.peaks[dtype];
    if (peak === undefined) return [];
    return [
      {
        id: `${dtype}-sustained`,
        metric: 'matmul.gemm.throughput',
        where: { dtype, shape: SHAPE, mode: 'sustained', devices: 'all' },
        per: 'accelerator',
        decide: 'level',
        limit: {
          value: peak.value * share,
          source: `${Math.round(share * 100)} % of the dense peak, ${peak.value / 1e12} TFLOP/s: ${peak.source}`,
        },
        standing: 'sanity',
        scope: 'node',
      },
    ];
  });
}

function memory(part: Part): readonly Floor[] {
  const peak = part.memoryBandwidth;
  if (peak === undefined) return [];
  // 3.8 of 4.8 TB/s on H200 (FACTS.md F row 3); AMD copies reach less of their peak.
  const share = part.title.startsWith('NVIDIA') ? 0.79 : 0.7;
  return [
    {
      id: 'memory-copy',
      metric: 'matmul.memory.bandwidth',
      where: { operation: 'copy', bytes: 8 * GIB, devices: 'all' },
      per: 'accelerator',
      decide: 'level',
      limit: {
        value: peak.value * share,
        source: `${Math.round(share * 100)} % of ${peak.value / 1e12} TB/s: ${peak.source}`,
      },
      standing: 'sanity',
      scope: 'node',
    },
  ];
}

function transfers(part: Part): readonly Floor[] {
  const known = TRANSFER[part.sku];
  if (known === undefined) return [];
  return (['h2d', 'd2h'] as const).map((direction) => ({
    id: `transfer-${direction}`,
    metric: 'matmul.transfer.bandwidth',
    where: { direction, bytes: GIB },
    per: 'accelerator',
    decide: 'level',
    limit: { value: known[direction] * 1e9, source: known.source },
    standing: 'catalogue',
    scope: 'node',
    state: 'pinned, one accelerator at a time',
  }));
}

/** One communicator of two ranks a rail, all rails of two nodes at once: a NIC of 400 Gb/s an accelerator. */
const RAIL = {
  id: 'all-reduce-rail',
  metric: 'nccl.all_reduce.busbw',
  where: { scope: 'rail', bytes: GIB },
  per: 'link',
  decide: 'level',
  accelerators: 8,
  scope: 'rail',
} as const;
const rails: readonly Floor[] = [
  {
    ...RAIL,
    limit: { value: 45e9, source: `${NHC} conf/nd96isr_h100_v5.conf: 360 Gb/s of 400 a port` },
    standing: 'catalogue',
    notProvider: ['gcp', 'aws'],
    state: 'InfiniBand, a NIC of 400 Gb/s an accelerator',
  },
  {
    ...RAIL,
    limit: { value: 40e9, source: '80 % of 400 Gb/s an accelerator (FACTS.md F row 6)' },
    standing: 'sanity',
    provider: 'aws',
    state: 'EFA, 400 Gb/s an accelerator',
  },
];

function network(part: Part): readonly Floor[] {
  const inNode = ALL_REDUCE[part.sku];
  const floors: Floor[] = [];
  // A quarter of what is free must hold the buffer.
  const size = (part.memory?.value ?? 0) < 70e9 ? 8 * GIB : 16 * GIB;
  if (inNode !== undefined) {
    floors.push({
      id: 'all-reduce-node',
      metric: 'nccl.all_reduce.busbw',
      where: { scope: 'node', bytes: size },
      per: 'node',
      decide: 'level',
      accelerators: part.perNode,
      limit: { value: inNode.gb * 1e9, source: inNode.source },
      standing: 'catalogue',
      scope: 'node',
      state: `busbw at ${size / GIB} GiB, 1 node, ${inNode.state}`,
    });
  }
  if (part.sku === 'h200-sxm' || part.sku === 'h100-sxm') {
    floors.push({
      id: 'alltoall-pair',
      metric: 'nccl.alltoall.busbw',
      where: { scope: 'pair', bytes: GIB },
      per: 'link',
      decide: 'level',
      accelerators: part.perNode,
      limit: {
        value: 70e9,
        source: '75 % of the 93.8 GB/s roofline; NVCRE measured 79 on AWS H100 EFA',
      },
      standing: 'catalogue',
      scope: 'pair',
      notProvider: ['gcp'],
      state: '2 nodes, 16 ranks, 400 GB/s a node',
    });
    floors.push(...rails);
    floors.push({
      id: 'all-reduce-domain',
      metric: 'nccl.all_reduce.busbw',
      where: { scope: 'domain', bytes: size },
      per: 'group',
      decide: 'level',
      accelerators: part.perNode,
      limit: {
        value: 320e9,
        source: 'below 365 on 4 nodes of p5en (stas00) and 331 to 387 on H100 (FACTS.md C.c)',
      },
      standing: 'sanity',
      scope: 'domain',
      notProvider: ['gcp'],
      state: '8 to 32 nodes, 400 GB/s a node',
    });
  }
  if (part.scaleUpDomain === 72) {
    floors.push({
      id: 'all-reduce-domain',
      metric: 'nccl.all_reduce.busbw',
      where: { scope: 'domain', bytes: 16 * GIB },
      per: 'group',
      decide: 'level',
      limit: {
        value: 585e9,
        source: "65 % of NVLink 5's 900 GB/s; published 810 to 932 with MNNVL (NVCRE, CoreWeave)",
      },
      standing: 'sanity',
      scope: 'domain',
      state: 'one NVLink domain, MNNVL on',
    });
  }
  return floors;
}
