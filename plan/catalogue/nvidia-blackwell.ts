/** NVIDIA B200, B300, GB200 and GB300. */
import type { Part } from '../model.ts';
import { COMPUTE, densePeaks, giga, gigabit, NETWORK, tera, watt } from './figure.ts';

const hgx = { bf16: 2250, fp16: 2250, tf32: 1125, fp32: 80, fp8: 4500, int8: 4500 };
const nvl = { bf16: 2500, fp16: 2500, tf32: 1250, fp32: 80, fp8: 5000, int8: 5000 };
const link = giga(900, `${NETWORK}, NVLink 5, one direction`);

/** Eight to a node (HGX), or four to a tray and 72 to an NVLink domain (NVL72). */
export const blackwell: readonly Part[] = [
  {
    sku: 'b200',
    title: 'NVIDIA B200 SXM',
    kind: 'gpu',
    models: [['B200']],
    not: ['GB200', 'MIG'],
    perNode: 8,
    memory: giga(180, COMPUTE),
    memoryBandwidth: tera(8, COMPUTE),
    peaks: densePeaks({ ...hgx, fp4: 9000 }, COMPUTE),
    scaleUp: link,
    power: watt(1000, COMPUTE),
    machines: [{ provider: 'aws', type: 'p6-b200.48xlarge', nics: 8, rate: gigabit(400, NETWORK) }],
  },
  {
    sku: 'b300',
    title: 'NVIDIA B300 SXM',
    kind: 'gpu',
    models: [['B300']],
    not: ['GB300', 'MIG'],
    perNode: 8,
    memory: giga(288, COMPUTE),
    memoryBandwidth: tera(8, COMPUTE),
    peaks: densePeaks({ ...hgx, fp4: 12_600 }, COMPUTE),
    scaleUp: link,
    power: watt(1300, COMPUTE),
    machines: [
      { provider: 'aws', type: 'p6-b300.48xlarge', nics: 16, rate: gigabit(400, NETWORK) },
      { provider: 'own', type: 'HGX B300', nics: 8, rate: gigabit(800, NETWORK) },
    ],
  },
  {
    sku: 'gb200',
    title: 'NVIDIA GB200 NVL72',
    kind: 'gpu',
    models: [['GB200']],
    not: ['MIG'],
    perNode: 4,
    memory: giga(186, COMPUTE),
    memoryBandwidth: tera(8, COMPUTE),
    peaks: densePeaks({ ...nvl, fp4: 10_000 }, COMPUTE),
    scaleUp: link,
    scaleUpDomain: 72,
    power: watt(1200, COMPUTE),
    machines: [
      {
        provider: 'aws',
        type: 'P6e-GB200',
        nics: 4,
        rate: gigabit(400, 'assumed 4 × 400 Gb/s a tray; consistent with NVCRE validation-results'),
      },
    ],
  },
  {
    sku: 'gb300',
    title: 'NVIDIA GB300 NVL72',
    kind: 'gpu',
    models: [['GB300']],
    not: ['MIG'],
    perNode: 4,
    peaks: densePeaks({ ...nvl, fp4: 15_000 }, COMPUTE),
    scaleUp: link,
    scaleUpDomain: 72,
    power: watt(1400, COMPUTE),
    machines: [
      {
        provider: 'aws',
        type: 'P6e-GB300',
        nics: 4,
        rate: gigabit(800, 'assumed 4 × 800 Gb/s a tray; consistent with NVCRE validation-results'),
      },
    ],
  },
];
