import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeReader } from '../../runners/slurm/node-table.ts';
import { slurmOptions } from '../../runners/slurm/options.ts';
import { slurmRunner } from '../../runners/slurm/runner.ts';
import { contract } from '../runners/contract.ts';
import { hear, testContext, testStep } from '../runners/context.ts';
import { startSlurm, withoutSlurm, type SlurmCluster } from '../slurm-cluster.ts';

const test = suite('the slurm runner keeps the contract of runners');
const why = withoutSlurm();
let cluster: SlurmCluster;

const runner = (more: object = {}) =>
  slurmRunner(
    slurmOptions.parse({
      partition: 'main',
      job: 'none',
      poll: '0.5 s',
      'time-limit': '20 min',
      mpi: 'none',
      ...more,
    }),
  );

if (why === undefined) {
  test.before(async () => {
    cluster = await startSlurm({ nodes: 3, gpus: 1 });
    process.env['SLURM_CONF'] = cluster.environment['SLURM_CONF'];
  });
  test.after(async () => {
    delete process.env['SLURM_CONF'];
    await cluster.stop();
  });
  contract(test, () => ({ runner: runner(), nodes: 3 }));

  test('nccl-tests start their ranks by srun where Slurm has the nodes; a shared folder takes files once', async () => {
    const shared = join(cluster.folder, 'shared');
    const binaries = join(cluster.folder, 'nccl-tests');
    await mkdir(binaries);
    // A stand-in: no machine here can build nccl-tests.
    const program = join(binaries, 'all_reduce_perf');
    await writeFile(program, '#!/bin/sh\necho "rank $SLURM_PROCID on $SLURMD_NODENAME"\n');
    await chmod(program, 0o755);
    const payload = fileURLToPath(
      new URL('../../suites/nccl/payload/nccl-tests.py', import.meta.url),
    );
    const sha256 = createHash('sha256')
      .update(await readFile(payload))
      .digest('hex');
    const fleet = await runner({ 'shared-folder': shared }).open(
      testContext(),
      AbortSignal.timeout(60_000),
    );
    try {
      const nodes = fleet.nodes.map((node) => node.id);
      assert.equal(
        fleet.nodes.map((node) => node.environment['slurm.gpus']),
        ['1', '1', '1'],
      );
      assert.equal(await fleet.put(nodes, sha256, payload), []);
      assert.ok((await readdir(shared)).includes(sha256));
      const words = ['--collective', 'all_reduce', '--sizes', '1024', '--ranks-per-node', '1'];
      const step = {
        ...testStep(nodes, ['unused']),
        on: 'native' as const,
        argv: [
          { file: sha256 },
          ...words,
          '--binaries',
          binaries,
          '--limit',
          '20',
          '--hosts',
          ...nodes,
        ] as const,
      };
      const { exits, output } = await hear(fleet, step);
      const said = output.get('n0001')?.stdout.toString() ?? '';
      assert.is(exits.length, 1, said);
      assert.ok(exits[0]?.ended === 'exited' && exits[0].code === 0, said);
      for (const rank of [0, 1, 2])
        assert.match(said, new RegExp(`rank ${rank} on t${rank + 1}`, 'u'));
    } finally {
      await fleet.release([]);
    }
    assert.equal(await cluster.queue(), []);
  });

  test('where Slurm gives no JSON, its fixed format says the same of every node', async () => {
    await cluster.slurm('scontrol', 'update', 'nodename=t2', 'state=drain', 'reason=a|b c');
    const json = nodeReader();
    const expected = await json.read();
    assert.is(json.json(), true);
    const path = process.env['PATH'];
    const folder = join(cluster.folder, 'old');
    await mkdir(folder);
    const old = [
      '#!/bin/sh',
      'for word; do [ "$word" = --json ] && { echo "unrecognized option" >&2; exit 1; }; done',
      'exec /usr/bin/sinfo "$@"',
      '',
    ];
    await writeFile(join(folder, 'sinfo'), old.join('\n'), { mode: 0o755 });
    process.env['PATH'] = `${folder}:${path ?? ''}`;
    try {
      const rows = nodeReader();
      assert.equal(await rows.read(), expected);
      assert.is(rows.json(), false);
    } finally {
      process.env['PATH'] = path;
    }
  });
} else {
  console.log(`  skipped: ${why}`);
  test.skip('the contract', () => undefined);
}

test.run();
