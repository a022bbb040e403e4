/** Every plan under fixtures/plans, against the real registries. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlan } from '../../plan/load.ts';
import { createInventory } from '../../runners/inventory/suite.ts';
import { runners } from '../../runners/registry.ts';
import { companion } from '../../suites/companion/suite.ts';
import { suites } from '../../suites/registry.ts';
import { lintPlan } from '../../verdicts/lint/lint.ts';
import { rejects } from '../rejects.ts';

const folder = new URL('../../fixtures/plans/', import.meta.url);
const { checks } = createInventory();
const always = [companion, { id: 'inventory', metrics: [], checks }];

const load = (file: string) =>
  loadPlan(
    { file, text: readFileSync(new URL(file, folder), 'utf8') },
    { runners, suites, always },
  );

async function lint(file: string): Promise<readonly string[]> {
  const loaded = await load(file);
  return lintPlan(loaded.plan, loaded.suites).map(
    ({ level, criterion, message }) => `${level} ${criterion ?? ''}: ${message}`,
  );
}

for (const file of readdirSync(folder).filter((name) => name.startsWith('sim-'))) {
  test(`${file} loads with a seed of its own, and lint finds no mistake in it`, async () => {
    const { plan } = await load(file);
    assert.is(plan.origins['seed'], 'plan');
    assert.ok(plan.criteria.length > 0);
    assert.equal(
      (await lint(file)).filter((remark) => remark.startsWith('error')),
      [],
    );
  });
}

const bad: readonly (readonly [file: string, criterion: string, says: RegExp])[] = [
  [
    'bad-limits-aws.yaml',
    'aws-p5-pair',
    /^error .*800 GB\/s: it is above the roofline, 750 GB\/s/u,
  ],
  ['bad-limits-aws.yaml', 'aws-p5-lot', /^error .*above the roofline, 516\.7 GB\/s/u],
  [
    'bad-limits-aws-b200.yaml',
    'aws-p6-lot',
    /^error .*900 GB\/s: it is above the roofline, 516\.7 GB/u,
  ],
  [
    'bad-limits-dcgm.yaml',
    'dcgm-h200',
    /^error .*2\.333 GB\/s is 0\.0486 % of the roofline, 4800 GB\/s/u,
  ],
  [
    'bad-limits-aicr.yaml',
    'aicr-gb200-nvls',
    /^warning .*tolerance inside.*500 GB\/s.*770 GB\/s.*the roofline, 1688 GB\/s/u,
  ],
];

for (const [file, criterion, says] of bad) {
  test(`lint names ${criterion} of ${file} with the roofline's figure`, async () => {
    const remarks = await lint(file);
    const found = remarks.some((remark) => remark.includes(` ${criterion}:`) && says.test(remark));
    assert.ok(found, remarks.join('\n'));
  });
}

test("OCI's limit of 0 is no plan at all, and the datasheet's figure is named", async () => {
  const error = await rejects(load('bad-limits-oci.yaml'), 'CRITERION_INVALID');
  assert.match(error.message, /criteria\[0\]\.at-least: every part would pass a bound of 0/u);
  assert.match(error.message, /the datasheet has 0\.9 TB\/s/u);
});

test('the published GB200 MNNVL numbers are not called impossible', async () => {
  assert.equal(
    (await lint('published-gb200-mnnvl.yaml')).filter((remark) => remark.startsWith('error')),
    [],
  );
});

test.run();
