import { suite } from 'uvu';
import { addMatrix } from '../cloud/matrix.ts';
import { gcpSubject } from './subject.ts';

const test = suite('gcp: what can go wrong');

addMatrix(test, gcpSubject, {
  noRoom: /ZONE_RESOURCE_POOL_EXHAUSTED/u,
  noRoomCode: 'PROVIDER_NO_CAPACITY',
  late: /TERMINATED/u,
  lateCode: 'PROVIDER_TRANSIENT',
  quota: ['quotaExceeded', 403],
  credentials: ['authError', 401],
  throttled: ['rateLimitExceeded', 403],
  invalid: ['invalid', 400],
  elsewhere: ['resourcePoolExhausted', 503],
  stuck: /still STOPPING after/u,
});

test.run();
