import { suite } from 'uvu';
import { addMatrix } from '../cloud/matrix.ts';
import { azureSubject } from './subject.ts';

const test = suite('azure: what can go wrong');

addMatrix(test, azureSubject, {
  noRoom: /AllocationFailed/u,
  noRoomCode: 'PROVIDER_NO_CAPACITY',
  late: /AllocationFailed/u,
  lateCode: 'PROVIDER_NO_CAPACITY',
  quota: ['OperationNotAllowed', 409],
  credentials: ['ExpiredAuthenticationToken', 401],
  throttled: ['TooManyRequests', 429],
  invalid: ['InvalidParameter', 400],
  elsewhere: ['SkuNotAvailable', 409],
  stuck: /still (?:Deleting|ending) after/u,
});

test.run();
