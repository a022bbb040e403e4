import { suite } from 'uvu';
import { runners } from '../../runners/registry.ts';
import type { Runner } from '../../runners/model.ts';
import { contract } from '../runners/contract.ts';
import { startSshd, type TestSshd } from '../sshd.ts';

const test = suite('ssh runner against real sshd');

let sshd: TestSshd;
let runner: Runner;

test.before(async () => {
  sshd = await startSshd({ hosts: 3 });
  const configured = runners.find((one) => one.id === 'ssh')?.configure(sshd.options());
  if (configured === undefined || 'issues' in configured) throw new Error('ssh is not configured');
  runner = await configured.use();
});
test.after(() => sshd.stop());

contract(test, () => ({ runner, nodes: 3, cut: () => sshd.cut() }));

test.run();
