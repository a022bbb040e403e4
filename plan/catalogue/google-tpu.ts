/** Google Cloud TPUs; names as JAX prints them ("TPU v5 lite"). */
import type { Part } from '../model.ts';
import { densePeaks, giga, gigabit, tera } from './figure.ts';

const DOCS = 'docs.cloud.google.com/tpu/docs';
/** Bytes of one GiB in units of GB. */
const GIB = 2 ** 30 / 1e9;

const TABLE = `${DOCS}/tpu7x, comparison table`;

/**
 * `perNode`: chips of the usual VM. ICI is quoted bidirectional: half of it is one direction, which is what the pages
 * of v5e and v6e give as all-reduce bandwidth of a pod (51.2 and 102.4 TB/s over 256 chips). Bisection there (1.6 and
 * 3.2 TB/s) is that of 32 links: the pod's axes of 16 are closed. Space is closed from a cube of 4 × 4 × 4 on (v5p).
 */
export const tpu: readonly Part[] = [
  {
    sku: 'tpu-v5e',
    title: 'Google TPU v5e',
    kind: 'tpu',
    models: [
      ['TPU', 'v5 lite'],
      ['TPU', 'v5e'],
    ],
    perNode: 8,
    memory: giga(16, `${DOCS}/v5e`),
    memoryBandwidth: tera(0.819, `${DOCS}/v5e`),
    peaks: densePeaks({ bf16: 197, int8: 393 }, `${DOCS}/v5e`),
    scaleUp: giga(200, `${DOCS}/v5e: ICI 400 GB/s bidirectional, 4 ports`),
    scaleUpDomain: 256,
    torus: { axes: 2, ranksPerChip: 1 },
    hostNetwork: gigabit(25, `${DOCS}/v5e: 6.4 Tb/s a pod of 256; 2 × 100 Gb/s a host of 8`),
    machines: [],
  },
  {
    sku: 'tpu-v5p',
    title: 'Google TPU v5p',
    kind: 'tpu',
    models: [
      ['TPU', 'v5p'],
      ['TPU', 'v5'],
    ],
    not: ['lite', 'v5e'],
    perNode: 4,
    memory: giga(95 * GIB, `${DOCS}/v5p`),
    memoryBandwidth: tera(2.765, `${DOCS}/v5p`),
    // Its page has fp8 at the rate of bf16: it is widened, so auto does not run it.
    peaks: densePeaks({ bf16: 459, int8: 918 }, `${DOCS}/v5p; int8: FACTS.md C.e`),
    scaleUp: giga(600, `${DOCS}/v5p: ICI 1200 GB/s bidirectional`),
    scaleUpDomain: 8960,
    torus: { axes: 3, ranksPerChip: 1 },
    hostNetwork: gigabit(50, `${DOCS}/v5p: DCN 50 Gb/s a chip`),
    machines: [],
  },
  {
    sku: 'tpu-v6e',
    title: 'Google TPU v6e (Trillium)',
    kind: 'tpu',
    models: [
      ['TPU', 'v6 lite'],
      ['TPU', 'v6e'],
    ],
    perNode: 8,
    memory: giga(32 * GIB, TABLE),
    memoryBandwidth: tera(1.638, `${DOCS}/v6e`),
    peaks: densePeaks({ bf16: 918, fp8: 918, int8: 1836 }, `${DOCS}/v6e`),
    scaleUp: giga(400, `${DOCS}/v6e: ICI 800 GB/s bidirectional, 4 ports`),
    scaleUpDomain: 256,
    torus: { axes: 2, ranksPerChip: 1 },
    machines: [],
  },
  {
    sku: 'tpu-7x',
    title: 'Google TPU7x (Ironwood)',
    kind: 'tpu',
    models: [['TPU7x'], ['TPU', '7x'], ['TPU', 'v7']],
    perNode: 4,
    memory: giga(192 * GIB, `${DOCS}/tpu7x`),
    memoryBandwidth: tera(7.38, 'accelerator-microbenchmarks core/system.py'),
    peaks: densePeaks({ bf16: 2307, fp8: 4614 }, `${DOCS}/tpu7x`),
    scaleUp: giga(600, `${DOCS}/tpu7x: ICI 1200 GB/s bidirectional`),
    scaleUpDomain: 9216,
    torus: { axes: 3, ranksPerChip: 2 },
    machines: [],
  },
];
