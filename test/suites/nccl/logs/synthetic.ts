/** Made-up logs in the forms of versions that no recorded output is at hand of; the figures are consistent. */
import {
  busbwFactor,
  movedBytes,
  type AnyCollective,
} from '../../../../suites/nccl/collectives.ts';

export interface Asked {
  readonly collective: AnyCollective;
  readonly ranks: number;
  readonly from?: number;
  readonly to?: number;
  readonly devices?: readonly string[];
  readonly redop?: string;
  readonly root?: number;
  readonly inPlaceUnchecked?: boolean;
}

function rowsOf({ collective, ranks, from = 2 ** 20, to = 2 ** 22 }: Asked) {
  const rows = [];
  for (let size = from; size <= to; size *= 2) {
    const bytes = movedBytes(collective, size, ranks);
    const time = 50 + bytes / 1e5;
    const base = collective === 'hypercube' ? (bytes * (ranks - 1)) / ranks : bytes;
    const algbw = base / time / 1e3;
    const split = !['all_reduce', 'broadcast', 'reduce', 'sendrecv'].includes(collective);
    const busbw = algbw * busbwFactor(collective, ranks);
    rows.push({ bytes, count: bytes / 4 / (split ? ranks : 1), time, algbw, busbw });
  }
  return rows;
}

/** nccl-tests 2.18's text: version lines, wider #wrong, bus ids with a domain. */
export function text218(asked: Asked): string {
  const { collective, ranks, from = 2 ** 20, to = 2 ** 22, redop = 'none', root = -1 } = asked;
  const all = rowsOf(asked);
  const rows = all.map(({ bytes, count, time, algbw, busbw }) => {
    const cell = `${time.toFixed(2).padStart(9)}  ${algbw.toFixed(2)}  ${busbw.toFixed(2)}`;
    const second = asked.inPlaceUnchecked === true ? '   N/A' : '     0';
    return `${String(bytes).padStart(12)}  ${count}     float  ${redop}  ${root}${cell}       0${cell}  ${second}`;
  });
  const mean = all.reduce((sum, row) => sum + Number(row.busbw.toFixed(2)), 0) / all.length;
  return [
    '# nccl-tests version 2.18.3 nccl-headers=23003 nccl-library=23003',
    `# Collective test starting: ${collective}_perf`,
    `# nThread 1 nGpus 1 minBytes ${from} maxBytes ${to} step: 2(factor) warmup iters: 1 iters: 20 agg iters: 1 validation: 1 graph: 0 unalign: 0`,
    '#',
    '# Using devices',
    ...Array.from(
      { length: ranks },
      (_, rank) =>
        `#  Rank ${rank} Group  0 Pid ${1655 + rank} on node-11 device  ${rank} [0000:06:00] NVIDIA H200`,
    ),
    '#',
    '#                                                              out-of-place                       in-place          ',
    '#       size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong ',
    '#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)         ',
    ...rows,
    '# Out of bounds values : 0 OK',
    `# Avg bus bandwidth    : ${Number(mean.toPrecision(6))} `,
    '#',
    `# Collective test concluded: ${collective}_perf`,
    '',
  ].join('\n');
}

/** The same without the lines that name the collective. */
export function unnamed(asked: Asked): string {
  return text218(asked)
    .split('\n')
    .filter((line) => !line.includes('Collective test') && !line.includes('nccl-tests version'))
    .join('\n');
}

/** The file that -J of 2.19 writes. */
export function json219(asked: Asked, indent = 0): string {
  const { collective, ranks, from = 2 ** 20, to = 2 ** 22, redop = 'none', root = -1 } = asked;
  const six = (value: number) => Number(value.toFixed(6));
  const all = rowsOf(asked);
  const results = all.map(({ bytes, count, time, algbw, busbw }) => {
    const half = { time: six(time), alg_bw: six(algbw), bus_bw: six(busbw), nwrong: 0 };
    return {
      size: bytes,
      count,
      type: 'float',
      redop,
      root: String(root),
      out_of_place: half,
      out_of_place_per_iter: {
        min_us: time - 1,
        max_us: time + 1,
        avg_us: time,
        p50_us: time,
        p95_us: time,
        p99_us: time + 1,
        stdev_us: 1,
        cv_pct: 1,
        times_us: [time - 1, time, time + 1],
      },
      in_place: half,
    };
  });
  const mean = all.reduce((sum, row) => sum + row.busbw, 0) / all.length;
  return JSON.stringify(
    {
      version: 2,
      start_time: '2026-11-24 10:00:00',
      args: [`/opt/nccl-tests/build/${collective}_perf`, '-J', 'out.json'],
      env: ['HOME=/home/user', 'API_TOKEN=do-not-keep-this', '"size":1'],
      nccl_version: 23003,
      config: {
        nthreads: 1,
        ngpus: 1,
        minimum_bytes: from,
        maximum_bytes: to,
        step_factor: 2,
        warmup_iters: 1,
        iterations: 20,
        devices: Array.from({ length: ranks }, (_, rank) => ({
          rank,
          group: 0,
          pid: 1655 + rank,
          hostname: 'node-11',
          device: rank,
          device_hex: '0000:06:00',
          device_info: 'NVIDIA H200',
        })),
      },
      results,
      out_of_bounds: { count: 0, okay: 'true' },
      average_bus_bandwidth: { bandwidth: six(mean), okay: 'unchecked' },
      errors: [],
      end_time: '2026-11-24 10:00:20',
    },
    null,
    indent,
  );
}
