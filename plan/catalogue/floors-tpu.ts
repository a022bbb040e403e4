/** Sanity floors of TPUs, from their datasheets: below them a chip or its links are broken, whatever was promised. */
import type { Part, Sourced } from '../model.ts';
import type { Floor } from './floor.ts';
import { gridAlgbw, hostGrid } from './torus.ts';

const GIB = 2 ** 30;
/**
 * Shares of the peak that a sustained product must reach at least: TPU7x reached 77 to 83 % in bf16 (FACTS.md C.d).
 * int8, and fp8 where it is bf16's rate, have no published figure.
 */
const GEMM_SHARE: Readonly<Record<string, number>> = { bf16: 0.6, fp8: 0.5 };
/** Of the memory's peak: TPU7x's copies reached 87 % (FACTS.md C.d). */
const MEMORY_SHARE = 0.7;
/** Of a host's links: TPU7x gathered at 89 % on 2x2x1 (FACTS.md C.d), v6e reduced at 59 % over a pod. */
const ICI_SHARE = 0.4;
/** Chips of the hosts that are sold with several. */
const HOSTS = [4, 8];

/** Products, copies and the host's own links. */
export function tpuFloors(part: Part): readonly Floor[] {
  return [...products(part), ...copies(part), ...HOSTS.flatMap((chips) => host(part, chips))];
}

function products(part: Part): readonly Floor[] {
  return Object.entries(GEMM_SHARE).flatMap(([dtype, share]): readonly Floor[] => {
    const peak = part.peaks[dtype];
    if (peak === undefined || (dtype === 'fp8' && peak.value === part.peaks['bf16']?.value)) {
      return [];
    }
    const where = { dtype, shape: 8192, mode: 'sustained', devices: 'all' };
    const id = `${dtype}-sustained`;
    const metric = 'matmul.gemm.throughput';
    return [floor(id, metric, where, 'accelerator', shareOf(peak, share, 'TFLOP/s', 1e12))];
  });
}

function copies({ memoryBandwidth: peak }: Part): readonly Floor[] {
  if (peak === undefined) return [];
  // Source and copy fit the smallest part.
  const where = { operation: 'copy', bytes: 2 * GIB, devices: 'all' };
  const limit = shareOf(peak, MEMORY_SHARE, 'TB/s', 1e12);
  return [floor('memory-copy', 'matmul.memory.bandwidth', where, 'accelerator', limit)];
}

/** All chips of one host, over the links between them. */
function host(part: Part, chips: number): readonly Floor[] {
  const { torus, scaleUp } = part;
  const grid = hostGrid(chips);
  const algbw = grid && gridAlgbw('all_reduce', grid);
  if (torus === undefined || scaleUp === undefined || algbw === undefined) return [];
  const link = scaleUp.value / (2 * torus.axes);
  const most = { value: ((2 * (chips - 1)) / chips) * algbw * link, source: scaleUp.source };
  const limit = shareOf(most, ICI_SHARE, 'GB/s over the links of the host', 1e9);
  const where = { scope: 'node', bytes: GIB };
  const one = floor('all-reduce-node', 'nccl.all_reduce.busbw', where, 'node', limit);
  return [{ ...one, accelerators: chips, state: `busbw at 1 GiB, ${chips} chips, ICI` }];
}

function floor(
  id: string,
  metric: string,
  where: Floor['where'],
  per: Floor['per'],
  limit: Sourced<number>,
): Floor {
  return { id, metric, where, per, decide: 'level', limit, standing: 'sanity', scope: 'node' };
}

function shareOf(peak: Sourced<number>, share: number, unit: string, size: number) {
  return {
    value: peak.value * share,
    source: `${Math.round(share * 100)} % of ${+(peak.value / size).toPrecision(6)} ${unit}: ${peak.source}`,
  };
}
