import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addMatrix } from '../cloud/matrix.ts';
import { attempt } from '../cloud/plane.ts';
import { awsSubject, place, subjectAt } from './subject.ts';

const test = suite('aws: what can go wrong');

addMatrix(test, awsSubject, {
  noRoom: /InsufficientInstanceCapacity/u,
  noRoomCode: 'PROVIDER_NO_CAPACITY',
  late: /Server\.InsufficientInstanceCapacity/u,
  lateCode: 'PROVIDER_NO_CAPACITY',
  quota: ['VcpuLimitExceeded', 400],
  credentials: ['RequestExpired', 400],
  throttled: ['RequestLimitExceeded', 503],
  invalid: ['InvalidParameterValue', 400],
  elsewhere: ['InsufficientInstanceCapacity', 500],
  stuck: /still shutting-down/u,
});

test('a full reservation is told apart from a zone without room', async () => {
  const reserved = subjectAt(() => [place('0', { reservation: 'cr-0123456789abcdef0' })]);
  const { error, left } = await attempt(reserved, { capacity: 0 }, []);
  assert.is(error?.code, 'PROVIDER_RESERVATION_FULL');
  assert.equal(left, []);
});

test.run();
