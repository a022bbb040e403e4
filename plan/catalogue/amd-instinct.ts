/** AMD Instinct MI300X, MI325X, MI355X. */
import type { Part } from '../model.ts';
import { COMPUTE, densePeaks, giga, gigabit, NETWORK, tera, watt } from './figure.ts';

const cdna3 = { bf16: 1300, fp16: 1300, tf32: 653.7, fp32: 163.4, fp8: 2610, int8: 2600 };
const ND = 'Azure NHC, ND MI300X v5 (IB 390 Gb/s of 400)';

/** OAM parts, eight in a mesh. */
export const instinct: readonly Part[] = [
  {
    sku: 'mi300x',
    title: 'AMD Instinct MI300X',
    kind: 'gpu',
    models: [['MI300X']],
    perNode: 8,
    memory: giga(192, COMPUTE),
    memoryBandwidth: tera(5.3, COMPUTE),
    peaks: densePeaks(cdna3, COMPUTE),
    scaleUp: giga(448, `${NETWORK}, xGMI, 7 × 64 GB/s, one direction`),
    power: watt(750, COMPUTE),
    machines: [{ provider: 'azure', type: 'ND96isr_MI300X_v5', nics: 8, rate: gigabit(400, ND) }],
  },
  {
    sku: 'mi325x',
    title: 'AMD Instinct MI325X',
    kind: 'gpu',
    models: [['MI325X']],
    perNode: 8,
    memory: giga(256, COMPUTE),
    memoryBandwidth: tera(6, COMPUTE),
    peaks: densePeaks(cdna3, COMPUTE),
    scaleUp: giga(448, `${NETWORK}, xGMI, one direction`),
    power: watt(1000, COMPUTE),
    machines: [],
  },
  {
    sku: 'mi355x',
    title: 'AMD Instinct MI355X',
    kind: 'gpu',
    models: [['MI355X']],
    perNode: 8,
    memory: giga(288, COMPUTE),
    memoryBandwidth: tera(8, COMPUTE),
    peaks: densePeaks({ bf16: 2500, fp16: 2500, fp32: 157.3, fp8: 5000, int8: 5000 }, COMPUTE),
    scaleUp: giga(535.5, `${NETWORK}, xGMI, 7 × 76.5 GB/s, one direction`),
    machines: [],
  },
];
