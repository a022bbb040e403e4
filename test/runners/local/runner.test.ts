import { suite } from 'uvu';
import { local } from '../../../runners/local/runner.ts';
import { contract } from '../contract.ts';

const test = suite('local runner');

contract(test, () => ({ runner: local, nodes: 1 }));

test.run();
