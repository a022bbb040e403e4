import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlan } from '../../../plan/load.ts';
import type { Criterion, Plan } from '../../../plan/model.ts';
import { lintPlan } from '../../../verdicts/lint/lint.ts';
import type { LintedSuite, Remark } from '../../../verdicts/lint/model.ts';
import type { Case, Metric } from '../../../suites/model.ts';
import { registries } from '../../plan/registries.ts';
import { partById } from '../../../plan/catalogue/parts.ts';

const GIB = 2 ** 30;
const busbw = (collective: string): Metric => ({
  id: `nccl.${collective}.busbw`,
  unit: 'B/s',
  display: { unit: 'GB/s', factor: 1e-9, digits: 1 },
  better: 'higher',
  source: 'test',
});
const PER = { node: 'node', pair: 'link', domain: 'group', lot: 'lot' } as const;
const COLLECTIVES = ['all_reduce', 'all_gather', 'alltoall'];
const SIZES = [64 * 2 ** 20, GIB, 16 * GIB];

const nccl: LintedSuite = {
  id: 'nccl',
  metrics: COLLECTIVES.map(busbw),
  checks: [],
  ceiling: () => undefined,
  cases: () =>
    COLLECTIVES.flatMap((collective) =>
      (['node', 'pair', 'domain', 'lot'] as const).map((scope): Case => ({
        id: `nccl.${collective}.${scope}`,
        suite: 'nccl',
        parameters: { scope },
        scope,
        gives: SIZES.map((bytes) => ({
          metric: `nccl.${collective}.busbw`,
          per: PER[scope],
          parameters: { scope, bytes },
        })),
        expected: 1,
      })),
    ),
};

const matmul: LintedSuite = {
  id: 'matmul',
  metrics: [
    { ...busbw(''), id: 'matmul.memory.bandwidth' },
    {
      ...busbw(''),
      id: 'matmul.gemm.throughput',
      unit: 'FLOP/s',
      display: { unit: 'TFLOP/s', factor: 1e-12, digits: 1 },
    },
  ],
  checks: [],
  ceiling: (metric, parameters, sku) => {
    const part = partById(sku);
    return metric === 'matmul.memory.bandwidth'
      ? part?.memoryBandwidth
      : part?.peaks[String(parameters['dtype'])];
  },
  cases: () => [
    {
      id: 'matmul.memory',
      suite: 'matmul',
      parameters: {},
      scope: 'node',
      gives: [{ metric: 'matmul.memory.bandwidth', per: 'accelerator' }],
      expected: 1,
    },
    ...['bf16', 'fp8'].map((dtype): Case => ({
      id: `matmul.gemm.${dtype}`,
      suite: 'matmul',
      parameters: { dtype },
      scope: 'node',
      gives: [{ metric: 'matmul.gemm.throughput', per: 'accelerator' }],
      expected: 1,
    })),
  ],
};

interface Given {
  readonly sku?: string;
  readonly provider?: string;
  readonly count?: number;
  readonly decision?: Partial<Plan['decision']>;
}

async function lint(given: Given, over: Partial<Criterion>): Promise<readonly Remark[]> {
  const { sku = 'h200-sxm', provider = 'own', count = 2 } = given;
  const text = `assay: 1
delivery: { reference: r, sku: ${sku}, provider: ${provider}, count: ${count} }
fleet: { runner: local }
suites: { matmul: {}, nccl: {} }
`;
  const { plan } = await loadPlan({ file: 'p.yaml', text }, registries);
  const criterion: Criterion = {
    id: 'x',
    metric: 'nccl.all_reduce.busbw',
    where: { scope: 'node', bytes: 16 * GIB },
    per: 'node',
    mandatory: true,
    decide: 'level',
    standing: 'contract',
    bound: 'at-least',
    limit: { value: 400e9, source: 'contract' },
    fixed: 'before',
    ...over,
  };
  const decision = { ...plan.decision, ...given.decision };
  return lintPlan({ ...plan, criteria: [criterion], decision }, [nccl, matmul]);
}

const lot = (value: number, source: string): Partial<Criterion> => ({
  where: { scope: 'lot', bytes: 16 * GIB },
  per: 'lot',
  limit: { value, source },
});

const memory = (value: number, source: string): Partial<Criterion> => ({
  metric: 'matmul.memory.bandwidth',
  where: {},
  per: 'accelerator',
  limit: { value, source },
});

interface Bad {
  readonly name: string;
  readonly given: Given;
  readonly criterion: Partial<Criterion>;
  readonly level: Remark['level'];
  readonly says: RegExp;
}

const fields: readonly Bad[] = [
  {
    name: 'AWS 800 GB/s on two p5 nodes (B row 14)',
    given: { sku: 'h100-sxm', provider: 'aws', count: 2 },
    criterion: lot(800e9, 'awsome-distributed-training 5-nccl-allreduce.sh'),
    level: 'error',
    says: /no part can reach 800 GB\/s: it is above the roofline, 750 GB\/s/u,
  },
  {
    name: 'AWS 800 GB/s on 64 p5 nodes',
    given: { sku: 'h100-sxm', provider: 'aws', count: 64 },
    criterion: lot(800e9, '5-nccl-allreduce.sh'),
    level: 'error',
    says: /above the roofline, 405\.6 GB\/s/u,
  },
  {
    name: 'AWS 900 GB/s on two p6-b200 nodes',
    given: { sku: 'b200', provider: 'aws', count: 2 },
    criterion: lot(900e9, '5-nccl-allreduce.sh'),
    level: 'error',
    says: /above the roofline, 750 GB\/s/u,
  },
  {
    name: 'AWS 300 GB/s on two p4d nodes',
    given: { sku: 'a100-sxm-40', provider: 'aws', count: 2 },
    criterion: lot(300e9, '5-nccl-allreduce.sh'),
    level: 'error',
    says: /above the roofline, 93\.75 GB\/s/u,
  },
  {
    name: 'DCGM 2,333 MB/s for H200 (B row 17)',
    given: {},
    criterion: memory(2333e6, 'nvvs/diag-skus.yaml.in, 2335'),
    level: 'error',
    says: /2\.333 GB\/s is 0\.0486 % of the roofline, 4800 GB\/s/u,
  },
  {
    name: 'DCGM 127,500 MB/s for an A100 variant, a tenth of its siblings',
    given: { sku: 'a100-sxm-80' },
    criterion: memory(127.5e9, 'nvvs/diag-skus.yaml.in, PG502-20x'),
    level: 'warning',
    says: /6\.38 % of the roofline, 2000 GB\/s/u,
  },
  {
    name: 'OCI 0 for GB200 (B row 11)',
    given: { sku: 'gb200' },
    criterion: { limit: { value: 0, source: 'active_healthcheck.py:181' } },
    level: 'error',
    says: /a limit of 0 GB\/s passes every part; compare the roofline, 1350 GB\/s/u,
  },
  {
    name: 'AICR 500 −10 % on GB200 with NVLS (B row 7)',
    given: { sku: 'gb200', count: 4 },
    criterion: lot(450e9, 'AICR #2784: nvls 500 −10 %'),
    level: 'warning',
    says: /tolerance inside \("−10 %" in its source\); before it the figure was 500 GB\/s; it is .* % of the roofline, 1688 GB\/s/u,
  },
  {
    name: 'AICR 700 −10 % on GB300',
    given: { sku: 'gb300', count: 4 },
    criterion: lot(630e9, 'AICR #2787: 700 -10%'),
    level: 'warning',
    says: /before it the figure was 700 GB\/s/u,
  },
  {
    name: 'a sparse peak taken for a dense one',
    given: {},
    criterion: {
      metric: 'matmul.gemm.throughput',
      where: { dtype: 'bf16' },
      per: 'accelerator',
      limit: { value: 1979e12, source: 'an independent report' },
    },
    level: 'error',
    says: /no part can reach 1979 TFLOP\/s: it is above the roofline, 989 TFLOP\/s/u,
  },
  {
    name: 'NVLS figures without naming NVLS',
    given: {},
    criterion: { limit: { value: 482e9, source: 'stas00' } },
    level: 'warning',
    says: /482 GB\/s is above what the wire carries, 450 GB\/s .* only NVLS reaches it/u,
  },
  {
    name: 'an alltoall above the NICs’ share',
    given: { sku: 'h100-sxm', provider: 'aws' },
    criterion: {
      metric: 'nccl.alltoall.busbw',
      where: { scope: 'pair', bytes: GIB },
      per: 'link',
      limit: { value: 100e9, source: 's' },
    },
    level: 'error',
    says: /above the roofline, 93\.75 GB\/s/u,
  },
  {
    name: 'a bandwidth limit at a size bound by latency',
    given: {},
    criterion: {
      where: { scope: 'node', bytes: 64 * 2 ** 20 },
      limit: { value: 430e9, source: 's' },
    },
    level: 'warning',
    says: /bound by latency/u,
  },
  {
    name: 'a size that the plan does not measure',
    given: {},
    criterion: { where: { scope: 'node', bytes: 8 * GIB } },
    level: 'error',
    says: /no case measures nccl\.all_reduce\.busbw at bytes: 8589934592; the plan measures/u,
  },
  {
    name: 'a parameter that there is not',
    given: {},
    criterion: { where: { scpe: 'node' } },
    level: 'error',
    says: /has no parameter "scpe"/u,
  },
  {
    name: 'the wrong kind of subject',
    given: {},
    criterion: { per: 'accelerator' },
    level: 'error',
    says: /wrong scope: per accelerator, but nccl\.all_reduce\.busbw is measured per node/u,
  },
  {
    name: 'parameters that no case has together',
    given: {},
    criterion: { where: { scope: 'lot', bytes: GIB }, per: 'node' },
    level: 'error',
    says: /with all of .* at once, per node/u,
  },
  {
    name: 'more than one case',
    given: {},
    criterion: { where: { scope: 'node' } },
    level: 'error',
    says: /names 3 kinds of value at once: bytes/u,
  },
  {
    name: 'a metric that nothing measures',
    given: {},
    criterion: { metric: 'nccl.broadcast.busbw' },
    level: 'error',
    says: /no case of this plan measures nccl\.broadcast\.busbw/u,
  },
  {
    name: 'less risk than the trials buy',
    given: { decision: { sigma: 'none', maxTrials: 5, consumerRisk: 0.001 } },
    criterion: {},
    level: 'error',
    says: /a consumer's risk of 0\.001 is less than 5 trials without sigma buy, 0\.0313/u,
  },
  {
    name: 'a resolution below 2',
    given: { decision: { sigma: { 'nccl.all_reduce.busbw': 0.05 } } },
    criterion: { nominal: { value: 420e9, source: 's' } },
    level: 'warning',
    says: /resolution d = 0\.98 is below 2/u,
  },
  {
    name: 'fewer trials than a nominal part needs',
    given: { decision: { sigma: { 'nccl.all_reduce.busbw': 0.02 }, maxTrials: 2 } },
    criterion: { nominal: { value: 420e9, source: 's' } },
    level: 'warning',
    says: /max-trials 2 can't decide a nominal part at d = 2\.44 .* about 3 are needed/u,
  },
  {
    name: 'sanity floors alone',
    given: {},
    criterion: { standing: 'sanity' },
    level: 'warning',
    says: /no run can end in accept/u,
  },
];

for (const { name, given, criterion, level, says } of fields) {
  test(`lint names ${name}`, async () => {
    const remarks = await lint(given, criterion);
    const found = remarks.find((remark) => says.test(remark.message));
    assert.ok(found, `${says.source} in\n${remarks.map(({ message }) => message).join('\n')}`);
    assert.is(found.level, level);
    assert.ok(found.hint.length > 0);
  });
}

const published: readonly (readonly [string, Given, Partial<Criterion>])[] = [
  ['GB200, 2 nodes, 838.07 (GCP)', { sku: 'gb200', provider: 'gcp', count: 2 }, lot(838.07e9, 's')],
  [
    'GB200, 4 nodes, 882.51 (AWS MNNVL)',
    { sku: 'gb200', provider: 'aws', count: 4 },
    lot(882.51e9, 's'),
  ],
  ['GB200, 36 trays, 820.4', { sku: 'gb200', count: 36 }, lot(820.4e9, 's')],
  ['GB200, 360 trays, 405.7', { sku: 'gb200', count: 360 }, lot(405.7e9, 's')],
  [
    'GB300, 16 nodes, 932.09',
    { sku: 'gb300', provider: 'aws', count: 16 },
    lot(932.09e9, 's, NVLS'),
  ],
  ['H100, 2 nodes, 487.87 (NVLS)', { sku: 'h100-sxm', provider: 'aws' }, lot(487.87e9, 's, NVLS')],
  ['H100, 8 nodes with SHARP, 386.6', { sku: 'h100-sxm', count: 8 }, lot(386.6e9, 's, SHARP')],
  ['B200, 4 nodes, 381.80', { sku: 'b200', provider: 'aws', count: 4 }, lot(381.8e9, 's')],
  ['B200, 1 node, 845.67', { sku: 'b200' }, { limit: { value: 845.67e9, source: 's' } }],
  ['H200, 1 node, 482.26 (NVLS)', {}, { limit: { value: 482.26e9, source: 's, NVLS' } }],
];

for (const [name, given, criterion] of published) {
  test(`a published number is not called impossible: ${name}`, async () => {
    const remarks = await lint(given, criterion);
    assert.equal(
      remarks.filter(({ level }) => level === 'error'),
      [],
    );
  });
}

test('GB200 trays without MNNVL are nodes: the same number is then impossible', async () => {
  const remarks = await lint(
    { sku: 'gb200', provider: 'aws', count: 36 },
    { ...lot(820.4e9, 's'), where: { scope: 'lot', bytes: 16 * GIB, mnnvl: false } },
  );
  assert.ok(remarks.some(({ message }) => /above the roofline, 204\.3 GB\/s/u.test(message)));
});

test('a sound plan has nothing said of it', async () => {
  assert.equal(await lint({}, {}), []);
});

test.run();
