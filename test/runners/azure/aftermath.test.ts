import { suite } from 'uvu';
import { addAftermath } from '../cloud/aftermath.ts';
import { azureSubject } from './subject.ts';

const test = suite('azure: what a run leaves');

addAftermath(test, azureSubject, {
  machine: 'virtual machine',
  listed: 'ResourceGroups_List',
  forbidden: ['AuthorizationFailed', 403],
});

test.run();
