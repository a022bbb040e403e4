import { suite } from 'uvu';
import { slurmOptions } from '../../runners/slurm/options.ts';
import { slurmRunner } from '../../runners/slurm/runner.ts';
import { contract } from '../runners/contract.ts';
import { startSlurm, withoutSlurm, type SlurmCluster } from '../slurm-cluster.ts';

const test = suite('the slurm runner keeps the contract of runners');
const why = withoutSlurm();
let cluster: SlurmCluster;

if (why === undefined) {
  test.before(async () => {
    cluster = await startSlurm({ nodes: 3 });
    process.env['SLURM_CONF'] = cluster.environment['SLURM_CONF'];
  });
  test.after(async () => {
    delete process.env['SLURM_CONF'];
    await cluster.stop();
  });
  contract(test, () => ({
    runner: slurmRunner(
      slurmOptions.parse({ partition: 'main', job: 'none', poll: '0.5 s', 'time-limit': '20 min' }),
    ),
    nodes: 3,
  }));
} else {
  console.log(`  skipped: ${why}`);
  test.skip('the contract', () => undefined);
}

test.run();
