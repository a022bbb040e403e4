/** NVIDIA A100, SXM. */
import type { Part } from '../model.ts';
import { COMPUTE, densePeaks, giga, gigabit, NETWORK, tera, watt } from './figure.ts';

const A100_PAGE = 'nvidia.com/en-us/data-center/a100, specifications';
const peaks = densePeaks({ bf16: 312, fp16: 312, tf32: 156, fp32: 19.5, int8: 624 }, COMPUTE);
const link = giga(300, `${NETWORK}, NVLink 3, one direction`);
const p4d = { provider: 'aws', type: 'p4d.24xlarge', nics: 4, rate: gigabit(100, NETWORK) };
const nd = gigabit(200, 'Azure NHC conf/nd96asr_v4.conf (gdr 180 Gb/s of 200)');

/** A100 40 GB and 80 GB, SXM4. */
export const ampere: readonly Part[] = [
  {
    sku: 'a100-sxm-40',
    title: 'NVIDIA A100 SXM 40 GB',
    kind: 'gpu',
    models: [['A100', 'SXM', '40GB']],
    not: ['MIG'],
    perNode: 8,
    memory: giga(40, A100_PAGE),
    memoryBandwidth: tera(1.555, A100_PAGE),
    peaks,
    scaleUp: link,
    power: watt(400, COMPUTE),
    machines: [p4d, { provider: 'azure', type: 'ND96asr_v4', nics: 8, rate: nd }],
  },
  {
    sku: 'a100-sxm-80',
    title: 'NVIDIA A100 SXM 80 GB',
    kind: 'gpu',
    models: [['A100', 'SXM', '80GB']],
    not: ['MIG'],
    perNode: 8,
    memory: giga(80, COMPUTE),
    memoryBandwidth: tera(2, COMPUTE),
    peaks,
    scaleUp: link,
    power: watt(400, COMPUTE),
    machines: [],
  },
];
