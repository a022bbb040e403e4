import { chmod, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { brokenTorch, customize } from '../broken-torch.ts';
import { startSlurm, withoutSlurm, type SlurmCluster } from '../slurm-cluster.ts';
import { Workplace } from './command-line.ts';

const test = suite("assay check as Slurm's HealthCheckProgram");
const why = withoutSlurm();
if (why !== undefined) console.log(`  skipped: ${why}`);
const when = (name: string, of: () => Promise<void>) =>
  why === undefined ? test(name, of) : test.skip(name, of);

const command = fileURLToPath(new URL('../../bin/assay.js', import.meta.url));
/** Seconds for all checks: slurmd kills each at 60. */
const PATIENCE = 90;
/** t1 is as it was when it was accepted, t2 has become slow, on t3 no Python starts any more. */
const NODES = ['t1', 't2', 't3'] as const;

let place: Workplace;
let cluster: SlurmCluster | undefined;
test.before(() => {
  if (why === undefined) place = new Workplace();
});
test.after(async () => {
  await cluster?.stop();
  if (why === undefined) place.remove();
});

const baselinePlan = {
  assay: 1,
  delivery: { reference: 'baseline', provider: 'own', sku: 'cpu-reference', count: 1 },
  fleet: { runner: 'local' },
  suites: {
    matmul: {
      dtypes: ['fp32'],
      shapes: [64],
      settle: '0.2 s',
      window: '0.2 s',
      'memory-bytes': '1 MiB',
    },
  },
  criteria: [
    {
      id: 'rate',
      metric: 'matmul.gemm.throughput',
      where: { dtype: 'fp32', shape: 64, mode: 'sustained', devices: 'all' },
      per: 'accelerator',
      'at-least': '1 kFLOP/s',
      source: 'this test',
    },
  ],
  decision: { 'consumer-risk': 0.45 },
};

/** docs/slurm.md's script, for nodes that share a machine: each has a HOME, and checks once when told to. */
function program(baseline: string): string {
  return [
    '#!/bin/sh',
    `cd ${place.folder} && [ -e go ] || exit 0`,
    'mkdir "done-$SLURMD_NODENAME" 2>/dev/null || exit 0',
    `export PATH=/usr/bin:/bin HOME="${place.folder}/home-$SLURMD_NODENAME"`,
    // slurmd gives its node's name and nothing else; this cluster's configuration is where none is looked for.
    `export SLURM_CONF=${cluster?.environment['SLURM_CONF']}`,
    `${process.execPath} ${command} check --quick --slurm-health --baseline "${baseline}" \\`,
    `  --tolerance 0.8 --within 40 --out "runs-$SLURMD_NODENAME" > "log-$SLURMD_NODENAME" 2>&1`,
    'echo "exit $?" >> "log-$SLURMD_NODENAME"',
    '',
  ].join('\n');
}

/** What a node's check printed, once it has ended. */
async function log(node: string): Promise<string> {
  for (let tries = 0; tries < PATIENCE * 4; tries += 1) {
    const text = await readFile(place.path(`log-${node}`), 'utf8').catch(() => '');
    if (/^exit \d+$/mu.test(text)) return text;
    await pause(250);
  }
  return `no end after ${PATIENCE} s`;
}

when('a slowed node is drained by its own call; a harness error drains nothing', async () => {
  const script = place.write('health.sh', '#!/bin/sh\n');
  await chmod(script, 0o755);
  const file = place.write('baseline.yaml', baselinePlan);
  // Meanwhile: as a prolog, whose exit drains by itself, an error of the harness lets the job start.
  place.environment['SLURM_JOB_ID'] = '7';
  const prolog = place.run('check', '--slurm-health', '--baseline', place.path('no-run'));
  delete place.environment['SLURM_JOB_ID'];
  const [accepted, started] = await Promise.all([
    place.run('accept', file),
    startSlurm({
      nodes: NODES.length,
      configuration: [
        `HealthCheckProgram=${script}`,
        'HealthCheckInterval=2',
        'HealthCheckNodeState=IDLE,CYCLE',
      ],
    }),
    customize(place.path('home-t1'), ''),
    customize(place.path('home-t2'), brokenTorch('slow')),
    customize(place.path('home-t3'), 'import os\nos._exit(3)\n'),
  ]);
  cluster = started;
  assert.is(accepted.code, 0, accepted.text);
  assert.match((await prolog).text, /no-run/u);
  assert.is((await prolog).code, 0, (await prolog).text);
  place.write('health.sh', program(place.runs()[0] ?? ''));
  place.write('go', '');
  const [healthy = '', slow = '', broken = ''] = await Promise.all(NODES.map(log));

  assert.match(slow, /t2 drained: assay check \S+ rate: /u, `${slow}\nt1:\n${healthy}`);
  assert.match(slow, /^exit 1$/mu);
  const shown = await cluster.slurm('sinfo', '-h', '-N', '-n', 't2', '-p', 'main', '-o', '%T %E');
  assert.match(shown, /^drained assay check \d{8}-\S+ rate: .*FLOP\/s/u);

  assert.match(healthy, /^exit 0$/mu);
  assert.not.match(healthy, /drained/u);
  assert.is(await cluster.state('t1'), 'idle');

  assert.match(broken, /NO_PYTHON/u);
  assert.match(broken, /^exit 0$/mu);
  assert.is(await cluster.state('t3'), 'idle');
});

test.run();
