import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrorCode } from '../../plan/errors.ts';
import { loadPlan } from '../../plan/load.ts';
import { revivePlan } from '../../plan/revive.ts';
import { rejects } from '../rejects.ts';
import { registries } from './registries.ts';

const text = `assay: 1
delivery: { reference: r, sku: h200-sxm }
fleet: { runner: local }
suites: { matmul: {}, nccl: {} }
criteria: [{ from: catalogue }]
`;
const { plan } = await loadPlan({ file: 'p.yaml', text }, registries);
const copy = () => JSON.parse(JSON.stringify(plan)) as Record<string, unknown>;

test('a plan comes back from plan.json as it was', () => {
  assert.equal(revivePlan(copy()), plan);
});

test('a key that a later minor version added is kept', () => {
  assert.is((revivePlan({ ...copy(), later: 1 }) as unknown as { later: number }).later, 1);
});

const broken: readonly (readonly [string, unknown, ErrorCode, RegExp])[] = [
  ['nothing', undefined, 'RUN_UNREADABLE', /plan\.json can't be read/u],
  ['a text', 'plan', 'RUN_UNREADABLE', /can't be read/u],
  ['another file', { schema: 'assay/fleet/1' }, 'RUN_UNREADABLE', /at schema/u],
  ['a later format', { schema: 'assay/plan/2' }, 'RUN_SCHEMA_NEWER', /in format 2/u],
  ['no criteria', { ...copy(), criteria: undefined }, 'RUN_UNREADABLE', /at criteria/u],
  [
    'a criterion without a limit',
    { ...copy(), criteria: [{ ...plan.criteria[0], limit: undefined }] },
    'RUN_UNREADABLE',
    /at criteria\.0\.limit/u,
  ],
  [
    'a limit without a source',
    { ...copy(), criteria: [{ ...plan.criteria[0], limit: { value: 1 } }] },
    'RUN_UNREADABLE',
    /at criteria\.0\.limit\.source/u,
  ],
  [
    'a risk of 2',
    { ...copy(), decision: { ...plan.decision, consumerRisk: 2 } },
    'RUN_UNREADABLE',
    /at decision\.consumerRisk/u,
  ],
];

for (const [name, json, code, says] of broken) {
  test(`refused: ${name}`, async () => {
    const error = await rejects(
      Promise.resolve().then(() => revivePlan(json)),
      code,
    );
    assert.match(error.message, says);
    assert.is(error.exitCode, 4);
  });
}

test.run();
