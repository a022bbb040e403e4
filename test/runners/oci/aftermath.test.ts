import { suite } from 'uvu';
import { addAftermath } from '../cloud/aftermath.ts';
import { ociSubject } from './subject.ts';

const test = suite('oci: what a run leaves');

addAftermath(test, ociSubject, {
  machine: 'instance',
  listed: 'ListComputeClusters',
  forbidden: ['NotAuthorizedOrNotFound', 404],
});

test.run();
