import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { causeOf, reasonFor, refusedBy } from '../../../runners/oci/errors.ts';

const test = suite('oci: reasons and codes');

const CASES = [
  ['LimitExceeded', 400, 'quota'],
  ['QuotaExceeded', 400, 'quota'],
  ['NotAuthenticated', 401, 'credentials'],
  ['NotAuthorized', 403, 'permission'],
  ['NotAllowed', 403, 'permission'],
  ['SignUpRequired', 402, 'permission'],
  ['RelatedResourceNotAuthorizedOrNotFound', 400, 'permission'],
  ['InvalidParameter', 400, 'invalid'],
  ['InvalidParameter', 404, 'invalid'],
  ['MissingParameter', 400, 'invalid'],
  ['CannotParseRequest', 400, 'invalid'],
  ['MethodNotAllowed', 405, 'invalid'],
  ['Conflict', 409, 'invalid'],
  ['NotAuthorizedOrResourceAlreadyExists', 409, 'invalid'],
  ['InvalidatedRetryToken', 409, 'gone'],
  ['IncorrectState', 409, 'conflict'],
  ['ExternalServerIncorrectState', 409, 'conflict'],
  ['NoEtagMatch', 412, 'conflict'],
  ['TooManyRequests', 429, 'throttled'],
  ['InternalError', 500, 'transient'],
  ['InternalServerError', 500, 'transient'],
  ['ServiceUnavailable', 503, 'transient'],
  ['SomethingOfNextYear', 400, 'invalid'],
  ['SomethingOfNextYear', 502, 'transient'],
] as const;

test('every code of the page has its word', () => {
  for (const [code, status, reason] of CASES) {
    assert.is(reasonFor({ code, message: '' }, 'LaunchInstance', status), reason, code);
  }
});

test('a full pool of hosts comes as an internal error: its words decide, in every spelling', () => {
  for (const message of [
    'Out of host capacity.',
    'out of host capacity',
    'OutOfCapacity',
    'OUT_OF_HOST_CAPACITY',
  ]) {
    const cause = { code: 'InternalError', message };
    assert.is(reasonFor(cause, 'LaunchInstance', 500), 'no-capacity', message);
  }
  const reserved = { code: 'InternalError', message: 'Out of capacity in reservation ocid1.x' };
  assert.is(reasonFor(reserved, 'LaunchInstance', 500), 'reservation-full');
});

test('"not authorised or not found": of one thing it is gone, of a list it is a permission', () => {
  const cause = { code: 'NotAuthorizedOrNotFound', message: '' };
  assert.is(reasonFor(cause, 'TerminateInstance', 404), 'gone');
  assert.is(reasonFor(cause, 'GetClusterNetwork', 404), 'gone');
  assert.is(reasonFor(cause, 'ListInstances', 404), 'permission');
  assert.is(reasonFor(cause, 'LaunchInstance', 404), 'permission');
});

test('no capacity is never asked for again, and another place may have it', () => {
  const { code, details } = refusedBy({
    status: 500,
    body: { code: 'InternalError', message: 'Out of host capacity.' },
    headers: new Headers(),
    operation: 'LaunchInstance',
    where: 'us-ashburn-1',
  });
  assert.is(code, 'PROVIDER_NO_CAPACITY');
  assert.is(details['where'], 'us-ashburn-1');
});

test('what is no error body is told by its status', () => {
  assert.equal(causeOf('<html>', 502), { code: 'HTTP 502', message: '' });
});

test.run();
