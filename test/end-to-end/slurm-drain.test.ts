import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Serviced } from '../../runners/model.ts';
import { run } from '../../runners/process.ts';
import { serviceNodes, returnDrained } from '../../runners/slurm/drain.ts';
import { nodeReader } from '../../runners/slurm/node-table.ts';
import { brokenTorch, customize } from '../broken-torch.ts';
import { startSlurm, withoutSlurm, type SlurmCluster } from '../slurm-cluster.ts';
import { json, Workplace, words } from './command-line.ts';

const test = suite('drain and return on a Slurm cluster');
const why = withoutSlurm();
if (why !== undefined) console.log(`  skipped: ${why}`);
const when = (name: string, of: () => Promise<void>) =>
  why === undefined ? test(name, of) : test.skip(name, of);

let cluster: SlurmCluster;
let place: Workplace;

test.before(async () => {
  if (why !== undefined) return;
  cluster = await startSlurm({ nodes: 4 });
  process.env['SLURM_CONF'] = cluster.environment['SLURM_CONF'];
  place = new Workplace();
  Object.assign(place.environment, cluster.environment);
});
test.after(async () => {
  if (why !== undefined) return;
  delete process.env['SLURM_CONF'];
  await cluster.stop();
  place.remove();
});

const apply = { mode: 'apply', most: 0.34 } as const;
const context = { run: 'r1', intent: async () => undefined };
const judged = (fails: readonly number[], of = 4) =>
  Array.from({ length: of }, (_, index) => ({
    node: `n000${index + 1}`,
    name: `t${index + 1}`,
    verdict: fails.includes(index + 1) ? ('fail' as const) : ('pass' as const),
    reason: fails.includes(index + 1) ? "bf16: 612 TFLOP/s, it's below 700" : '',
  }));
const done = (serviced: readonly Serviced[]) =>
  serviced.map((one) => `${one.node} ${one.done}`).join(', ');
const back = (serviced: readonly Serviced[]) =>
  serviced.flatMap(({ node, mark }) =>
    mark === undefined ? [] : [{ node, name: `t${node.slice(-1)}`, mark }],
  );

when('a dry run changes nothing, and above the cap nothing is drained', async () => {
  const dry = await serviceNodes(judged([1]), { ...apply, mode: 'dry-run' }, nodeReader(), context);
  assert.is(done(dry), 'n0001 would-drain');
  const many = await serviceNodes(judged([1, 2]), apply, nodeReader(), context);
  assert.is(done(many), 'n0001 left, n0002 left');
  assert.match(many[0]?.detail ?? '', /common cause: 2 of 4 nodes rejected, at most 1/u);
  for (const node of cluster.nodes) assert.is(await cluster.state(node), 'idle');
});

when('a drain says run, criterion and figure, and is undone while nobody touched it', async () => {
  const drained = await serviceNodes(judged([1]), apply, nodeReader(), context);
  assert.is(done(drained), 'n0001 drained');
  const shown = await cluster.slurm('sinfo', '-h', '-N', '-n', 't1', '-p', 'main', '-o', '%T %E');
  assert.is(shown.trim(), 'drained assay r1 bf16: 612 TFLOP/s, it s below 700');
  assert.is(done(await returnDrained(back(drained), false, nodeReader())), 'n0001 would-return');
  assert.is(await cluster.state('t1'), 'drained');
  assert.is(done(await returnDrained(back(drained), true, nodeReader())), 'n0001 returned');
  assert.is(await cluster.state('t1'), 'idle');
});

when("an operator's own drain is left alone, before ours and after", async () => {
  await cluster.slurm('scontrol', 'update', 'nodename=t2', 'state=drain', 'reason=RMA 17');
  assert.is(done(await serviceNodes(judged([2]), apply, nodeReader(), context)), 'n0002 left');
  assert.is(done(await serviceNodes(judged([]), apply, nodeReader(), context)), '');
  const drained = await serviceNodes(judged([3]), apply, nodeReader(), context);
  await cluster.slurm('scontrol', 'update', 'nodename=t3', 'state=drain', 'reason=mine now');
  const left = await returnDrained(back(drained), true, nodeReader());
  assert.is(done(left), 'n0003 left');
  assert.match(left[0]?.detail ?? '', /touched since.*mine now/u);
  assert.is(await cluster.state('t2'), 'drained');
  assert.is(await cluster.state('t3'), 'drained');
  await cluster.slurm('scontrol', 'update', 'nodename=t[2-3]', 'state=resume');
});

when('the next passing run gives back what an earlier one drained', async () => {
  await serviceNodes(judged([4]), apply, nodeReader(), context);
  assert.is(await cluster.state('t4'), 'drained');
  const next = await serviceNodes(judged([]), apply, nodeReader(), { ...context, run: 'r2' });
  assert.is(done(next), 'n0004 returned');
  assert.is(await cluster.state('t4'), 'idle');
});

/** One element of every product is off, on the node of this id alone: all nodes share one home here. */
async function breakNode(id: string): Promise<void> {
  const elsewhere = `import os\nif "/${id}/" not in os.getcwd():\n    broken = lambda torch: None\n`;
  await customize(place.home, `${brokenTorch('wrong product')}${elsewhere}`);
}

/** The first script of README.md that is for sbatch. */
async function readmeScript(): Promise<string> {
  const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const blocks = [...readme.matchAll(/^```bash\n([^]*?)^```$/gmu)].map(([, text = '']) => text);
  return blocks.find((text) => text.includes('#SBATCH')) ?? '';
}

/** Submits a script in the workplace, with `assay` in PATH, and waits for its end. @returns its exit code */
async function submitted(script: string): Promise<number> {
  const file = place.write('accept.sbatch', script);
  await mkdir(place.path('bin'));
  await symlink(
    fileURLToPath(new URL('../../bin/assay.js', import.meta.url)),
    place.path('bin/assay'),
  );
  const path = `${place.path('bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const ran = await run(['sbatch', '--parsable', file], {
    environment: { ...cluster.environment, HOME: place.home, PATH: path },
    environmentOnly: true,
    directory: place.folder,
    limit: 30,
  });
  const job = ran.stdout.toString('utf8').trim();
  for (let tries = 0; tries < 200 && (await cluster.queue()).length > 0; tries += 1)
    await pause(500);
  const shown = await cluster.slurm('scontrol', '-o', 'show', 'job', job);
  return Number(/ExitCode=(\d+)/u.exec(shown)?.[1]);
}

when(
  'the script of README.md: a rejected node is drained; release-drain gives it back',
  async () => {
    await breakNode('n0002');
    place.write('lot7.yaml', {
      assay: 1,
      delivery: {
        reference: 'drain',
        provider: 'own',
        sku: 'cpu-reference',
        'accelerators-per-node': 1,
      },
      fleet: {
        runner: 'slurm',
        'at-once': 2,
        lease: '20 s',
        poll: '0.5 s',
        drain: { mode: 'apply', most: '50 %' },
      },
      suites: {
        matmul: {
          dtypes: ['fp32'],
          shapes: [64],
          settle: '0.1 s',
          window: '0.1 s',
          'memory-bytes': '1 MiB',
        },
      },
      criteria: [
        {
          id: 'product',
          metric: 'matmul.gemm.correct',
          per: 'accelerator',
          where: { dtype: 'fp32', shape: 64, devices: 'all' },
          source: 'this test',
        },
      ],
    });
    const code = await submitted(await readmeScript());
    const [path = ''] = place.runs();
    assert.is(code, 1);
    // Of two that give different digests, the other is in doubt as well.
    assert.is(words(path)['n0002'], 'fail');
    const journal = await readFile(join(path, 'journal.ndjson'), 'utf8');
    assert.match(journal, /"event":"service".*"done":"drained"/u);
    const names = json(path, 'private.json') as { nodes: { id: string; name: string }[] };
    const name = names.nodes.find(({ id }) => id === 'n0002')?.name ?? '';
    const state = await cluster.slurm('sinfo', '-h', '-N', '-n', name, '-p', 'main', '-o', '%T %E');
    assert.match(state, /^drained assay \d{8}-\S+ product: /u);
    const dry = await place.run('release-drain', path);
    assert.is(dry.code, 0, dry.text);
    assert.match(dry.stdout, /n0002 {2}would-return/u);
    assert.is(await cluster.state(name), 'drained');
    const real = await place.run('release-drain', path, '--yes');
    assert.match(real.stdout, /n0002 {2}returned/u);
    assert.is(await cluster.state(name), 'idle');
    const again = await place.run('release-drain', path, '--yes');
    assert.match(again.stdout, /nothing that this run drained/u);
    const verified = await place.run('verify', path);
    assert.is(verified.code, 0, verified.text);
  },
);

test.run();
