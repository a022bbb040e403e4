import { suite } from 'uvu';
import { addMatrix } from '../cloud/matrix.ts';
import { ociSubject } from './subject.ts';

const test = suite('oci: what can go wrong');

addMatrix(test, ociSubject, {
  noRoom: /Out of host capacity/u,
  noRoomCode: 'PROVIDER_NO_CAPACITY',
  late: /Out of host capacity/u,
  lateCode: 'PROVIDER_NO_CAPACITY',
  quota: ['QuotaExceeded', 400],
  credentials: ['NotAuthenticated', 401],
  throttled: ['TooManyRequests', 429],
  invalid: ['InvalidParameter', 400],
  elsewhere: ['LimitExceeded', 400],
  stuck: /still TERMINATING after/u,
});

test.run();
