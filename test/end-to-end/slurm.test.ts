import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { smallestPlan } from '../loopback-plan.ts';
import { startSlurm, withoutSlurm, type SlurmCluster } from '../slurm-cluster.ts';
import { attemptsOf, json, verdictOf, Workplace, words } from './command-line.ts';

const test = suite('accept on a Slurm cluster');
const why = withoutSlurm();
if (why !== undefined) console.log(`  skipped: ${why}`);
const when = (name: string, run: () => Promise<void>) =>
  why === undefined ? test(name, run) : test.skip(name, run);

let cluster: SlurmCluster;
let place: Workplace;

test.before(async () => {
  if (why !== undefined) return;
  cluster = await startSlurm({ nodes: 8 });
  place = new Workplace();
  Object.assign(place.environment, cluster.environment);
});
test.after(async () => {
  if (why !== undefined) return;
  await cluster.stop();
  place.remove();
});

/** A job of somebody else's that takes a whole node. */
const OTHERS = ['-p', 'main', '--exclusive', '--wrap', 'exec sleep 600', '-o', '/dev/null'];

/** All three suites at their smallest, or those meant, on some nodes; writes the plan. */
function plan(name: string, fleet: readonly string[], only = /./u): string {
  const smallest = smallestPlan(2);
  const suites = smallest.suites.filter((line) => only.test(line));
  const criteria = smallest.criteria.filter((line) => only.test(line));
  const block = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  const text = [
    'assay: 1',
    `delivery: { reference: ${name}, provider: own, sku: cpu-reference, accelerators-per-node: 1 }`,
    'fleet:',
    ...block(['runner: slurm', 'lease: 20 s', 'at-once: 2', 'poll: 0.5 s', ...fleet]),
    'suites:',
    ...block(suites),
    'criteria:',
    ...block(criteria),
    '',
  ];
  return place.write(`${name}.yaml`, text.join('\n'));
}

/** Owner and code of each failed attempt. */
function faults(run: string | undefined): readonly string[] {
  const failed = attemptsOf(run).filter(({ outcome }) => outcome?.status === 'failed');
  return failed.map(({ outcome }) => `${outcome?.owner ?? ''} ${outcome?.code ?? ''}`);
}

async function gone(seconds: number): Promise<readonly string[]> {
  let left = await cluster.queue();
  for (let tries = 0; tries < seconds * 2 && left.length > 0; tries += 1) {
    await pause(500);
    left = await cluster.queue();
  }
  return left;
}

let killed: { readonly run: string; readonly attempts: readonly string[] };

when('a controller that is killed outright leaves its job, for a while', async () => {
  const fleet = ['nodes: "t8"', 'partition: main', 'time-limit: 30 min'];
  const command = place.start(['accept', plan('killed', fleet, /matmul/u), '--json']);
  await command.saw(/"attempt-end".*matmul/u);
  command.child.kill('SIGKILL');
  await command.ended;
  const [run = ''] = place.runs();
  killed = { run, attempts: attemptsOf(run).map(({ attempt }) => attempt) };
  assert.is((await cluster.queue()).length, 1, 'held by nobody now');
});

when('a holding job: what breaks has its owner, and nothing is left in the queue', async () => {
  await cluster.slurm('scontrol', 'update', 'nodename=t4', 'state=drain', 'reason=bad PSU');
  const file = plan('held', ['nodes: "t[1-4]"', 'partition: main', 'time-limit: 30 min']);
  const command = place.start(['accept', file, '--json']);
  await command.saw(/"attempt-end".*matmul/u);
  // One step is killed, the controller restarts, a node goes down; in this order, some trials apart.
  const steps = await cluster.slurm('squeue', '--noheader', '--steps', '-o', '%i %N');
  const step = steps.split('\n').find((line) => /^\d+\.\d+ t1$/u.test(line.trim()));
  assert.ok(step !== undefined, steps);
  await cluster.slurm('scancel', step.trim().split(' ')[0] as string);
  await cluster.stopController();
  await pause(2000);
  await cluster.startController();
  await cluster.slurm('scontrol', 'update', 'nodename=t3', 'state=down', 'reason=pulled cable');
  const { code, text } = await command.ended;
  const run = place.runs().at(-1);
  assert.is(code, 3, text);
  assert.equal(words(run), {
    n0001: 'pass',
    n0002: 'pass',
    n0003: 'not-tested',
    n0004: 'not-tested',
  });
  const { nodes } = verdictOf(run);
  assert.match(nodes[3]?.reasons.join(' ') ?? '', /bad PSU/u);
  const owners = new Set(faults(run).map((one) => one.split(' ')[0]));
  assert.equal(owners, new Set(['reach']), faults(run).join(', '));
  assert.match(JSON.stringify(attemptsOf(run)), /pulled cable/u);
  const fleet = json(run, 'fleet.json') as {
    nodes: { id: string; domains: { kind: string; id: string }[] }[];
  };
  const leaves = fleet.nodes.map((node) => node.domains.find(({ kind }) => kind === 'leaf')?.id);
  assert.equal(leaves, ['leaf1', 'leaf1', 'leaf1']);
  await cluster.slurm('scontrol', 'update', 'nodename=t[3-4]', 'state=resume');
});

when(
  'opportunistic: busy nodes are waited for, a preempted trial is reach and comes again',
  async () => {
    const file = plan('spare', [
      'nodes: "t[6-7]"',
      'partition: low',
      'mode: opportunistic',
      'linger: 2 s',
      'time-limit: 30 min',
    ]);
    const busy = (await cluster.slurm('sbatch', '--parsable', ...OTHERS, '-w', 't7')).trim();
    const command = place.start(['accept', file, '--json']);
    await command.saw(/in use by others: t7/u);
    await cluster.slurm('scancel', busy);
    await command.saw(/"attempt-start".*matmul/u);
    const urgent = (await cluster.slurm('sbatch', '--parsable', ...OTHERS, '-w', 't6')).trim();
    // A trial that had not begun there yet waits for the node, and ends then.
    await command.saw(/FLEET_PREEMPTED|in use by others: t6/u);
    await cluster.slurm('scancel', urgent);
    const { code, text } = await command.ended;
    const run = place.runs().at(-1);
    assert.is(code, 0, text);
    assert.equal(await gone(5), []);
    const seen = faults(run);
    assert.ok(seen.includes('reach FLEET_PREEMPTED'), seen.join(', '));
    assert.ok(
      seen.every((one) => one.startsWith('reach ')),
      seen.join(', '),
    );
  },
);

when('the killed run: its job has ended by itself, and it is resumed in another', async () => {
  assert.equal(await gone(60), [], 'no step in it for the lease: it ended itself');
  const { code, text } = await place.run('resume', killed.run, '--json');
  assert.is(code, 0, text);
  assert.equal(await gone(5), []);
  const all = attemptsOf(killed.run).map(({ attempt }) => attempt);
  assert.is(new Set(all).size, all.length, 'nothing that had ended was repeated');
  assert.ok(killed.attempts.every((attempt) => all.includes(attempt)));
});

test.run();
