import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../runners/process.ts';
import { startSlurm, withoutSlurm, type SlurmCluster } from '../slurm-cluster.ts';
import { Workplace } from './command-line.ts';

const test = suite("assay check as Slurm's HealthCheckProgram");
const why = withoutSlurm();
if (why !== undefined) console.log(`  skipped: ${why}`);
const when = (name: string, of: () => Promise<void>) =>
  why === undefined ? test(name, of) : test.skip(name, of);

const command = fileURLToPath(new URL('../../bin/assay.js', import.meta.url));
/** Seconds for a check on a machine that is kept busy. */
const PATIENCE = 100;

let place: Workplace;
let cluster: SlurmCluster | undefined;
test.before(() => {
  if (why === undefined) place = new Workplace();
});
test.after(async () => {
  await cluster?.stop();
  if (why === undefined) place.remove();
});

const rate = {
  id: 'rate',
  metric: 'matmul.gemm.throughput',
  where: { dtype: 'fp32', shape: 256, mode: 'sustained', devices: 'all' },
  per: 'accelerator',
  'at-least': '1 kFLOP/s',
  source: 'this test',
};

/** Every product takes 200 ms longer for programs with this HOME: the node stands in for a slow one. */
async function slowed(home: string): Promise<void> {
  const ask = ['/usr/bin/python3', '-c', 'import site; print(site.getusersitepackages())'] as const;
  const asked = await run([...ask], { environment: { HOME: home }, limit: 30 });
  const site = asked.stdout.toString('utf8').trim();
  await mkdir(site, { recursive: true });
  await writeFile(join(site, 'usercustomize.py'), SLOW);
}

const SLOW = `
import importlib.machinery, sys, time
class AfterTorch:
    @staticmethod
    def find_spec(name, path, target=None):
        if name != "torch":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            real = module.mm
            def mm(a, b, **given):
                time.sleep(0.2)
                return real(a, b, **given)
            module.mm = mm
        spec.loader.exec_module = exec_module
        return spec
sys.meta_path.insert(0, AfterTorch)
`;

when('a slowed node is drained by its own call; a harness error drains nothing', async () => {
  const file = place.write('baseline.yaml', {
    assay: 1,
    delivery: { reference: 'baseline', provider: 'own', sku: 'cpu-reference', count: 1 },
    fleet: { runner: 'local' },
    suites: {
      matmul: {
        dtypes: ['fp32'],
        shapes: [256],
        settle: '0.2 s',
        window: '0.2 s',
        'memory-bytes': '1 MiB',
      },
    },
    criteria: [rate],
    decision: { 'consumer-risk': 0.2 },
  });
  const accepted = await place.run('accept', file);
  assert.is(accepted.code, 0, accepted.text);
  const [baseline = ''] = place.runs();
  // t1 is as it was, t2 is slow, t3's check can't run: its baseline is not there.
  const program = place.write(
    'health.sh',
    [
      '#!/bin/sh',
      `cd ${place.folder} && mkdir "done-$SLURMD_NODENAME" 2>/dev/null || exit 0`,
      `export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME="${place.folder}/home-$SLURMD_NODENAME"`,
      'mkdir -p "$HOME"',
      `baseline=${baseline}`,
      '[ "$SLURMD_NODENAME" = t3 ] && baseline=/nonexistent',
      `${process.execPath} ${command} check --quick --slurm-health --baseline "$baseline" \\`,
      `  --tolerance 0.8 --within 50 --out "runs-$SLURMD_NODENAME" > "log-$SLURMD_NODENAME" 2>&1`,
      'echo "exit $?" >> "log-$SLURMD_NODENAME"',
      '',
    ].join('\n'),
  );
  await chmod(program, 0o755);
  for (const node of ['t1', 't2', 't3']) await mkdir(place.path(`home-${node}`));
  await slowed(place.path('home-t2'));
  const conf = ['HealthCheckInterval=300', 'HealthCheckNodeState=IDLE,CYCLE'];
  cluster = await startSlurm({
    nodes: 3,
    configuration: [`HealthCheckProgram=${program}`, ...conf],
  });
  const log = async (node: string) => {
    const text = await readFile(place.path(`log-${node}`), 'utf8').catch(() => '');
    return /^exit \d+$/mu.test(text) ? text : undefined;
  };
  const logs = async () => Promise.all(['t1', 't2', 't3'].map(log));
  let said = await logs();
  for (let tries = 0; tries < PATIENCE && said.includes(undefined); tries += 1) {
    await pause(1000);
    said = await logs();
  }
  const [healthy, slow, broken] = said;
  assert.match(slow ?? '', /t2 drained: assay check \S+ rate: /u);
  assert.match(slow ?? '', /^exit 1$/mu);
  const shown = await cluster.slurm('sinfo', '-h', '-N', '-n', 't2', '-p', 'main', '-o', '%T %E');
  assert.match(shown, /^drained assay check \S+ rate: /u);
  assert.match(broken ?? '', /error: /u);
  assert.match(broken ?? '', /^exit 0$/mu);
  assert.match(healthy ?? '', /^exit 0$/mu);
  assert.is(await cluster.state('t1'), 'idle');
  assert.is(await cluster.state('t3'), 'idle');
});

when('as a prolog it fails on a fail alone, and drains nothing by itself', async () => {
  const before = place.environment['SLURM_JOB_ID'];
  assert.is(before, undefined);
  const unreadable = place.write('no-run.txt', 'nothing');
  place.environment['SLURM_JOB_ID'] = '7';
  const failed = await place.run('check', '--quick', '--slurm-health', '--baseline', unreadable);
  assert.is(failed.code, 0, 'an error of the harness');
  const plain = await place.run('check', '--quick', '--baseline', unreadable);
  assert.ok(plain.code === 4 || plain.code === 2, plain.text);
  const [baseline = ''] = place.runs();
  await slowed(place.home);
  place.environment['SLURMD_NODENAME'] = 't1';
  const words = [
    'check',
    '--quick',
    '--slurm-health',
    '--tolerance',
    '0.8',
    '--baseline',
    baseline,
  ];
  const slow = await place.run(...words);
  assert.is(slow.code, 1, slow.text);
  assert.match(slow.text, /t1 fails as a prolog: rate: /u);
  assert.is(await cluster?.state('t1'), 'idle');
});

test.run();
