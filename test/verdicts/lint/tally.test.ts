import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accepted, composed } from '../../vacuous/small-fleet.ts';
import { remarksOn } from '../../../bin/linted.ts';
import { SERVED } from '../../vacuous/served.ts';

const errors = async (criteria: string) =>
  remarksOn(await composed({ ...SERVED, criteria }))
    .filter((one) => one.level === 'error')
    .map((one) => one.message);
const criterion = (limit: string) => `
  - { id: ttft, metric: inference.endpoint.ttft, where: { percentile: 0.99 }, per: endpoint, decide: tail, at-most: ${limit}, source: contract }`;

test('a tail limit that is not the SLO’s bound is an error, and never passes', async () => {
  assert.equal(await errors(criterion('200 ms')), []);
  assert.match((await errors(criterion('300 ms'))).join(), /counted against the SLO's 0\.2 s/u);
  const ours = await accepted({ ...SERVED, criteria: criterion('300 ms') });
  assert.is(ours.exit, 3);
});

test.run();
