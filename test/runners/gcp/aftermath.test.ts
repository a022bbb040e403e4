import { suite } from 'uvu';
import { addAftermath } from '../cloud/aftermath.ts';
import { gcpSubject } from './subject.ts';

const test = suite('gcp: what a run leaves');

addAftermath(test, gcpSubject, {
  machine: 'instance',
  listed: 'disks.aggregatedList',
  forbidden: ['forbidden', 403],
});

test.run();
