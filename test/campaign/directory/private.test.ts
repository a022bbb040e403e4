import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withPrivate, privateOf, withoutPrivate } from '../../../campaign/directory/private.ts';
import { createRun, reopenRun } from '../../../campaign/directory/writer.ts';
import type { Plan } from '../../../plan/model.ts';
import { fakePlan } from '../fake-suite.ts';

const test = suite('what only private.json may hold');

function named(): Plan {
  const plan = fakePlan();
  return {
    ...plan,
    delivery: { ...plan.delivery, price: { perNodeHour: 31.5, currency: 'USD' } },
    fleet: { ...plan.fleet, options: { hosts: ['gpu001.lab'], user: 'ubuntu' } },
    suites: [
      ...plan.suites,
      { id: 'loaded', options: { serving: { url: 'https://llm.corp:8443/team-7', rates: [1] } } },
    ],
    only: ['gpu001.lab'],
    estimate: { trials: 1, rounds: 1, wallTime: 3600, nodeHours: 1, cost: 31.5 },
  };
}

test('a plan is the same again after the split', () => {
  const plan = named();
  assert.equal(withPrivate(withoutPrivate(plan), privateOf(plan)), plan);
  const bare = fakePlan();
  assert.equal(withPrivate(withoutPrivate(bare), privateOf(bare)), bare);
});

test('a URL with a node’s address names nobody and stays; one beside it keeps whose it is', () => {
  const kept = (url: string) =>
    withoutPrivate({ ...fakePlan(), suites: [{ id: 'a', options: { url } }] }).suites[0]?.options;
  assert.equal(kept('http://{address}:8000/v1'), { url: 'http://{address}:8000/v1' });
  assert.equal(kept('http://{address}.corp:8000/v1'), { url: 'http://{address}.invalid' });
  assert.equal(kept('https://[fd00::7]/v1'), { url: 'https://private.invalid' });
  assert.equal(kept('not a url'), { url: 'not a url' });
});

test('plan.json names no host and no price; a run that goes on has both', async () => {
  const out = mkdtempSync(join(tmpdir(), 'assay-'));
  const now = () => new Date(0);
  const run = await createRun(out, 'run', named(), now);
  await run.close();
  const text = readFileSync(join(run.path, 'plan.json'), 'utf8');
  for (const word of ['gpu001', 'ubuntu', '31.5', 'llm.corp', '8443', 'team-7'])
    assert.not.match(text, word);
  const again = await reopenRun(run.path, now);
  assert.equal(again.plan, named());
  await again.close();
});

test.run();
