/** NVIDIA H100, H200 and GH200. */
import type { Part } from '../model.ts';
import { COMPUTE, densePeaks, giga, gigabit, NETWORK, tera, watt } from './figure.ts';

const peaks = densePeaks(
  { bf16: 989, fp16: 989, tf32: 494.5, fp32: 67, fp8: 1979, int8: 1979 },
  COMPUTE,
);
const link = giga(450, `${NETWORK}, NVLink 4, one direction`);
const ib400 = { provider: 'azure', nics: 8, rate: gigabit(400, NETWORK) };

/** H100 SXM, PCIe and NVL; H200 SXM; GH200. */
export const hopper: readonly Part[] = [
  {
    sku: 'h100-sxm',
    title: 'NVIDIA H100 SXM',
    kind: 'gpu',
    models: [['H100', '80GB', 'HBM3']],
    not: ['PCIe', 'NVL', 'GH200', 'MIG'],
    perNode: 8,
    memory: giga(80, COMPUTE),
    memoryBandwidth: tera(3.35, COMPUTE),
    peaks,
    scaleUp: link,
    power: watt(700, COMPUTE),
    machines: [
      { provider: 'aws', type: 'p5.48xlarge', nics: 32, rate: gigabit(100, NETWORK) },
      { ...ib400, type: 'ND96isr_H100_v5' },
      { provider: 'gcp', type: 'a3-megagpu-8g', nics: 8, rate: gigabit(200, NETWORK) },
      { provider: 'gcp', type: 'a3-highgpu-8g', nics: 4, rate: gigabit(200, NETWORK) },
    ],
  },
  {
    sku: 'h100-pcie',
    title: 'NVIDIA H100 PCIe',
    kind: 'gpu',
    models: [['H100', 'PCIe']],
    not: ['NVL', 'MIG'],
    perNode: 8,
    memory: giga(80, COMPUTE),
    memoryBandwidth: tera(2, COMPUTE),
    peaks: densePeaks(
      { bf16: 756, fp16: 756, tf32: 378, fp32: 51, fp8: 1513, int8: 1513 },
      COMPUTE,
    ),
    machines: [],
  },
  {
    sku: 'h100-nvl',
    title: 'NVIDIA H100 NVL',
    kind: 'gpu',
    models: [['H100', 'NVL']],
    not: ['MIG'],
    perNode: 8,
    memory: giga(94, COMPUTE),
    memoryBandwidth: tera(3.9, COMPUTE),
    peaks: {},
    power: watt(400, COMPUTE),
    machines: [],
  },
  {
    sku: 'h200-sxm',
    title: 'NVIDIA H200 SXM',
    kind: 'gpu',
    models: [['H200']],
    not: ['NVL', 'GH200', 'MIG'],
    perNode: 8,
    memory: giga(141, COMPUTE),
    memoryBandwidth: tera(4.8, COMPUTE),
    peaks,
    scaleUp: link,
    power: watt(700, COMPUTE),
    machines: [
      { provider: 'aws', type: 'p5e.48xlarge', nics: 32, rate: gigabit(100, NETWORK) },
      { provider: 'aws', type: 'p5en.48xlarge', nics: 16, rate: gigabit(200, NETWORK) },
      { ...ib400, type: 'ND96isr_H200_v5' },
    ],
  },
  {
    sku: 'gh200',
    title: 'NVIDIA GH200',
    kind: 'gpu',
    models: [['GH200']],
    not: ['MIG'],
    perNode: 1,
    peaks,
    machines: [],
  },
];
