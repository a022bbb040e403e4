import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { addAftermath, sweepOf } from '../cloud/aftermath.ts';
import { ours, planeOf, provisioned } from '../cloud/plane.ts';
import { awsSubject, subjectAt } from './subject.ts';

const test = suite('aws: what a run leaves');

addAftermath(test, awsSubject, {
  machine: 'instance',
  listed: 'DescribeVolumes',
  forbidden: ['UnauthorizedOperation', 403],
});

test('a sweep looks into every region, not only into those of its plan', async () => {
  const standIn = await serve('aws', { boot: 'none' });
  try {
    const others = standIn.held().length;
    const elsewhere = subjectAt(() => [
      { region: 'eu-west-1', subnet: 'subnet-0123456789abcdef0' },
    ]);
    await provisioned(await planeOf(elsewhere, standIn, 8), 8, 8);
    const now = new Date(Date.now() + 48 * 3_600_000);
    const swept = await sweepOf(awsSubject, standIn, { now, apply: true });
    assert.is(swept.leftovers.filter(({ state }) => state === 'deleted').length, 8);
    assert.equal(ours(standIn), []);
    assert.is(standIn.held().length, others);
  } finally {
    await standIn.close();
  }
});

test.run();
