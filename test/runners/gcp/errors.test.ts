import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { causeOf, operationFailed, reasonFor } from '../../../runners/gcp/errors.ts';

const test = suite('gcp: reasons and codes');

const CASES = [
  ['insufficientCapacity', 503, 'no-capacity'],
  ['resourcePoolExhausted', 503, 'no-capacity'],
  ['ZONE_RESOURCE_POOL_EXHAUSTED', 200, 'no-capacity'],
  ['ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 200, 'no-capacity'],
  ['REGION_RESOURCE_POOL_EXHAUSTED', 200, 'no-capacity'],
  ['quotaExceeded', 403, 'quota'],
  ['QUOTA_EXCEEDED', 200, 'quota'],
  ['rateLimitExceeded', 403, 'throttled'],
  ['forbidden', 403, 'permission'],
  ['IAM_PERMISSION_DENIED', 403, 'permission'],
  ['accessNotConfigured', 403, 'permission'],
  ['authError', 401, 'credentials'],
  ['invalid', 400, 'invalid'],
  ['required', 400, 'invalid'],
  ['alreadyExists', 409, 'conflict'],
  ['resourceNotReady', 400, 'conflict'],
  ['RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', 200, 'conflict'],
  ['conditionNotMet', 412, 'conflict'],
  ['notFound', 404, 'gone'],
  ['backendError', 503, 'transient'],
  ['INTERNAL_ERROR', 200, 'transient'],
  ['somethingOfNextYear', 400, 'invalid'],
  ['somethingOfNextYear', 500, 'transient'],
] as const;

test('every reason of the page has its word', () => {
  for (const [code, status, reason] of CASES) {
    assert.is(reasonFor({ code, message: '' }, status), reason, code);
  }
});

test('three things come as 403: the reason decides', () => {
  const body = (reason: string) => ({
    error: { code: 403, message: 'no', errors: [{ message: 'no', domain: 'global', reason }] },
  });
  const word = (reason: string) => reasonFor(causeOf(body(reason), 403), 403);
  assert.equal(['quotaExceeded', 'rateLimitExceeded', 'forbidden'].map(word), [
    'quota',
    'throttled',
    'permission',
  ]);
});

test('RESOURCE_EXHAUSTED of the TPU API is sorted by its text', () => {
  const word = (message: string) =>
    reasonFor(causeOf({ error: { code: 429, message, status: 'RESOURCE_EXHAUSTED' } }, 429), 429);
  assert.is(word('There is no more capacity in the zone "us-central2-b"'), 'no-capacity');
  assert.is(
    word("Quota limit 'TPUV4sPreemptiblePodPerProjectPerRegionForTPUAPI' exhausted"),
    'quota',
  );
  assert.is(word('slow down'), 'throttled');
});

test('a summary gives way to what is behind it', () => {
  const errors = [
    { code: 'VM_MIN_COUNT_NOT_REACHED', message: 'min' },
    { code: 'QUOTA_EXCEEDED', message: 'GPUS' },
  ];
  assert.is(operationFailed(errors, 'bulkInsert', 'z').code, 'PROVIDER_QUOTA');
  assert.is(operationFailed(errors.slice(0, 1), 'bulkInsert', 'z').code, 'PROVIDER_NO_CAPACITY');
  assert.is(operationFailed([], 'bulkInsert', 'z').code, 'PROVIDER_INVALID');
});

test('what is no error body is told by its status', () => {
  assert.equal(causeOf('<html>', 502), { code: 'HTTP 502', message: '' });
});

test.run();
