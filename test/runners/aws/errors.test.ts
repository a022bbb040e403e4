import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import { classified, reasonFor } from '../../../runners/aws/errors.ts';
import {
  mayAgain,
  mayElsewhere,
  reasonOf,
  waitAsked,
  type Reason,
} from '../../../runners/cloud/problem.ts';

const test = suite('aws: error codes');

/** The table of the provider page, section 6. */
const TABLE: Readonly<Record<Reason, readonly string[]>> = {
  'no-capacity': [
    'InsufficientInstanceCapacity',
    'InsufficientHostCapacity',
    'InsufficientReservedInstanceCapacity',
    'InsufficientAddressCapacity',
    'InsufficientVolumeCapacity',
    'UnfulfillableCapacity',
    'InsufficientFreeAddressesInSubnet',
    'Unsupported',
  ],
  'reservation-full': ['ReservationCapacityExceeded'],
  quota: [
    'VcpuLimitExceeded',
    'InstanceLimitExceeded',
    'MaxSpotInstanceCountExceeded',
    'NetworkInterfaceLimitExceeded',
    'VolumeLimitExceeded',
    'MaxIOPSLimitExceeded',
    'PlacementGroupLimitExceeded',
    'SecurityGroupsPerInterfaceLimitExceeded',
    'PrivateIpAddressLimitExceeded',
    'ResourceLimitExceeded',
    'MaxFleetCountExceeded',
    'SomethingNewLimitExceeded',
  ],
  permission: ['UnauthorizedOperation', 'OptInRequired', 'Blocked'],
  credentials: [
    'AuthFailure',
    'InvalidClientTokenId',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'MissingAuthenticationToken',
    'RequestExpired',
    'InvalidSecurity.RequestHasExpired',
    'ExpiredToken',
    'PendingVerification',
  ],
  invalid: [
    'InvalidParameter',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'MissingParameter',
    'InvalidAMIID.NotFound',
    'InvalidSubnetID.NotFound',
    'InvalidGroup.NotFound',
    'InvalidKeyPair.NotFound',
    'InvalidPlacementGroup.Unknown',
    'InvalidUserData.Malformed',
    'InvalidNextToken',
    'InvalidPaginationToken',
    'InvalidCapacityReservationId.NotFound',
    'InvalidCapacityReservationId.Malformed',
    'InvalidLaunchTargets',
    'InvalidInstanceType',
    'IdempotentParameterMismatch',
    'OperationNotPermitted',
    'ResourceCountExceeded',
    'NobodyKnowsThis',
  ],
  throttled: ['RequestLimitExceeded', 'EC2ThrottledException', 'Throttling', 'ThrottlingException'],
  conflict: [
    'IncorrectInstanceState',
    'IncorrectState',
    'InvalidState',
    'DependencyViolation',
    'InvalidPlacementGroup.InUse',
    'InvalidNetworkInterface.InUse',
    'VolumeInUse',
  ],
  transient: [
    'InternalError',
    'InternalFailure',
    'ServerInternal',
    'ServiceUnavailable',
    'Unavailable',
  ],
  gone: [
    'InvalidInstanceID.NotFound',
    'InvalidVolume.NotFound',
    'InvalidNetworkInterfaceID.NotFound',
    'IdempotentInstanceTerminated',
  ],
};

for (const [reason, codes] of Object.entries(TABLE)) {
  test(`${reason}: ${codes.length} codes`, () => {
    for (const code of codes) assert.is(reasonFor(code, 400), reason, code);
  });
}

test('a code that nobody knows is transient from HTTP 500 on, and never below', () => {
  assert.is(reasonFor('NobodyKnowsThis', 502), 'transient');
  assert.is(reasonFor('Unknown', 503), 'transient');
  assert.is(reasonFor('NobodyKnowsThis'), 'invalid');
});

test('no capacity is HTTP 500 and is not asked for again; another place is worth a try', () => {
  const error = sdk('InsufficientInstanceCapacity', 500);
  const ours = classified(error, error.message, 'RunInstances', 'us-east-1');
  assert.is(reasonOf(ours), 'no-capacity');
  assert.is(mayAgain(ours), false);
  assert.is(mayElsewhere(ours), true);
});

test('what the provider asks to wait is kept, within reason', () => {
  const error = sdk('RequestLimitExceeded', 503, { 'retry-after': '7' });
  assert.is(waitAsked(classified(error, '', 'RunInstances', 'us-east-1')), 7);
  const long = sdk('RequestLimitExceeded', 503, { 'retry-after': '86400' });
  assert.is(waitAsked(classified(long, '', 'RunInstances', 'us-east-1')), 120);
});

test('a broken connection and an unreadable answer are transient; a bug stays a bug', () => {
  const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  assert.is(reasonOf(classified(reset, 'x', 'RunInstances', 'r')), 'transient');
  const torn = Object.assign(new Error('Unclosed tag'), { $metadata: { httpStatusCode: 200 } });
  assert.is(reasonOf(classified(torn, 'x', 'RunInstances', 'r')), 'transient');
  const bug = new TypeError('x is not a function');
  assert.is(classified(bug, bug.message, 'RunInstances', 'r'), bug);
});

test("a provider's words are bounded and printable", () => {
  const error = sdk('InvalidParameterValue', 400);
  const ours = classified(error, `\u001b[31m${'x'.repeat(5000)}`, 'RunInstances', 'r');
  assert.instance(ours, HarnessError);
  const { message } = ours as HarnessError;
  assert.ok(message.length < 600);
  assert.not.ok(message.includes('\u001b'));
});

function sdk(name: string, status: number, headers: Readonly<Record<string, string>> = {}) {
  return Object.assign(new Error(name), {
    name,
    $metadata: { httpStatusCode: status },
    $response: { headers },
  });
}

test.run();
