import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { causeOf, operationFailed, reasonFor } from '../../../runners/azure/errors.ts';

const test = suite('azure: codes');

const CASES = [
  ['AllocationFailed', 200, 'no-capacity'],
  ['ZonalAllocationFailed', 409, 'no-capacity'],
  ['OverconstrainedAllocationRequest', 409, 'no-capacity'],
  ['OverconstrainedZonalAllocationRequest', 409, 'no-capacity'],
  ['SkuNotAvailable', 409, 'no-capacity'],
  ['QuotaExceeded', 409, 'quota'],
  ['VMSizeNotSupported', 400, 'invalid'],
  ['AuthorizationFailed', 403, 'permission'],
  ['LinkedAuthorizationFailed', 403, 'permission'],
  ['RequestDisallowedByPolicy', 403, 'permission'],
  ['MissingSubscriptionRegistration', 409, 'permission'],
  ['ScopeLocked', 409, 'permission'],
  ['InvalidAuthenticationToken', 401, 'credentials'],
  ['ExpiredAuthenticationToken', 401, 'credentials'],
  ['InvalidParameter', 400, 'invalid'],
  ['PropertyChangeNotAllowed', 409, 'invalid'],
  ['ResourceGroupBeingDeleted', 409, 'invalid'],
  ['ResourceNotFound', 404, 'gone'],
  ['ResourceGroupNotFound', 404, 'gone'],
  ['TooManyRequests', 429, 'throttled'],
  ['AnotherOperationInProgress', 409, 'conflict'],
  ['OperationPreempted', 409, 'conflict'],
  ['RetryableError', 500, 'transient'],
  ['NetworkingInternalOperationError', 500, 'transient'],
  ['OSProvisioningTimedOut', 200, 'transient'],
  ['SomethingOfNextYear', 400, 'invalid'],
  ['SomethingOfNextYear', 503, 'transient'],
] as const;

test('every code of the page has its word', () => {
  for (const [code, status, reason] of CASES) {
    assert.is(reasonFor({ code, message: '' }, status), reason, code);
  }
});

test('one code is a quota or a rule: its text tells', () => {
  const code = 'OperationNotAllowed';
  const message =
    'Operation could not be completed as it results in exceeding approved standardNDSH100v5Family Cores quota. Current Limit: 96, Current Usage: 96, Additional Required: 96';
  assert.is(reasonFor({ code, message }, 409), 'quota');
  assert.is(reasonFor({ code, message: 'disk is attached' }, 409), 'invalid');
});

test('the cause is found in details, in text, three deep', () => {
  const inner = JSON.stringify({ error: { code: 'AllocationFailed', message: 'no room' } });
  const body = {
    error: {
      code: 'DeploymentFailed',
      message: 'At least one resource failed',
      details: [{ code: 'Conflict', message: inner }],
    },
  };
  assert.equal(causeOf(body), { code: 'AllocationFailed', message: 'no room' });
  assert.is(causeOf('nothing'), undefined);
  let deep: unknown = { code: 'AllocationFailed' };
  for (let at = 0; at < 1000; at += 1) deep = { error: deep };
  assert.is(causeOf(deep), undefined, 'bounded');
});

test('a failed operation is an error of ours', () => {
  const error = operationFailed(
    { code: 'ZonalAllocationFailed', message: 'full' },
    'PUT',
    'eastus',
  );
  assert.is(error.code, 'PROVIDER_NO_CAPACITY');
  assert.is(operationFailed(undefined, 'PUT', 'eastus').code, 'PROVIDER_INVALID');
});

test.run();
