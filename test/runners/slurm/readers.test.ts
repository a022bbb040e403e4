import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sbatchArgv, holdingScript } from '../../../runners/slurm/batch.ts';
import { slurmEnvironment, refusal } from '../../../runners/slurm/commands.ts';
import { readConstraint } from '../../../runners/slurm/constraint.ts';
import { containerWords } from '../../../runners/slurm/container.ts';
import { gpusOf, gresFor } from '../../../runners/slurm/gres.ts';
import { isIdle, lostWithin, stateWords, unusable } from '../../../runners/slurm/node-states.ts';
import { nodesFromJson, nodesFromRows, type SlurmNode } from '../../../runners/slurm/node-table.ts';
import { jobsFromRows, isOpen } from '../../../runners/slurm/queue.ts';
import { readDuration } from '../../../runners/slurm/selection.ts';
import { featureDomains, topologyDomains } from '../../../runners/slurm/topology.ts';

const test = suite('what Slurm says');
const recorded = (name: string) =>
  readFileSync(
    fileURLToPath(new URL(`../../../fixtures/recorded/slurm/${name}`, import.meta.url)),
    'utf8',
  );

const row = (state: string, reason = 'none', by = 'Unknown', at = 'Unknown') =>
  `t5|127.20.0.5|${state}|rack-2|gpu:1|2|main|${by}|${at}|${reason}\n`;
const only = (text: string) => nodesFromRows(text)[0] as SlurmNode;

test('sinfo --json of 22.05 and the fixed format give the same node', () => {
  const nodes = nodesFromJson(recorded('sinfo-22.05.8.json'));
  assert.is(nodes?.length, 8);
  const first = nodes?.[0];
  assert.equal(first, {
    name: 't1',
    address: '127.20.0.1',
    states: ['ALLOCATED'],
    reason: '',
    reasonBy: '',
    reasonAt: 0,
    features: ['rack-1'],
    gres: 'gpu:1',
    cpus: 2,
    partitions: ['low', 'main'],
  });
  const rows = ['main', 'low'].map(
    (partition) => `t1|127.20.0.1|allocated|rack-1|gpu:1|2|${partition}|Unknown|Unknown|none\n`,
  );
  assert.equal(only(rows.join('')), first);
});

test('the shape of newer versions is read as well', () => {
  const node = {
    name: 'h1',
    address: '10.0.0.1',
    state: ['IDLE', 'DRAIN'],
    reason: 'x',
    reason_set_by_user: 'root',
    reason_changed_at: { set: true, infinite: false, number: 17 },
    active_features: ['ib', 'h100'],
    gres: 'gpu:h100:8(S:0-1)',
    cpus: 192,
    partitions: ['gpu'],
  };
  const [read] = nodesFromJson(JSON.stringify({ nodes: [node] })) ?? [];
  assert.equal(read?.states, ['IDLE', 'DRAIN']);
  assert.is(read?.reasonAt, 17);
  assert.equal(read?.features, ['ib', 'h100']);
});

test('what is no list of nodes is not taken for one', () => {
  assert.is(nodesFromJson('sinfo: unrecognized option'), undefined);
  // sinfo --json from 23.02 on: rows, not nodes.
  assert.is(nodesFromJson('{"sinfo": []}'), undefined);
  assert.throws(() => nodesFromRows('t1 idle\n'), /sinfo says/u);
});

test('a reason may hold the separator, and is shown with who set it', () => {
  const node = only(row('down*', 'pulled cable|x', 'root', '1795572271'));
  assert.equal(node.states, ['DOWN', 'NOT_RESPONDING']);
  assert.is(node.reasonAt, 1_795_572_271);
  assert.is(stateWords(node), 'Slurm has it DOWN+NOT_RESPONDING: pulled cable|x (set by root)');
});

test('states that a job can and can not get', () => {
  const can = (state: string) => unusable(only(row(state)), false) === undefined;
  for (const state of ['idle', 'allocated', 'mixed', 'idle~', 'completing', 'mixed-']) {
    assert.ok(can(state), state);
  }
  for (const state of ['down', 'drained', 'draining*', 'idle*', 'maint', 'reserved', 'inval']) {
    assert.not.ok(can(state), state);
  }
  assert.is(unusable(only(row('reserved')), true), undefined);
  assert.ok(isIdle(only(row('idle')), false));
  assert.not.ok(isIdle(only(row('mixed')), false));
  assert.not.ok(isIdle(only(row('drained')), false));
  assert.is(lostWithin(only(row('draining'))), undefined);
  assert.ok(lostWithin(only(row('allocated*'))) !== undefined);
});

test('squeue: a pending job with its reason, a running one with its nodes and end', () => {
  const [waits, runs] = jobsFromRows(
    '12|assay-x|PENDING|N/A||Resources\n13|assay-x|RUNNING|1795572727|t[1-3,5]|None\n',
  );
  assert.equal(waits, {
    id: '12',
    name: 'assay-x',
    state: 'PENDING',
    reason: 'Resources',
    nodes: [],
  });
  assert.equal(runs?.nodes, ['t1', 't2', 't3', 't5']);
  assert.is(runs?.end, 1_795_572_727);
  assert.ok(waits !== undefined && isOpen(waits));
  assert.not.ok(isOpen({ ...waits, state: 'PREEMPTED' }));
  assert.throws(() => jobsFromRows('slurm_load_jobs error\n'), /squeue says/u);
});

test('a tree gives each node its leaf, blocks give it its block', () => {
  const tree = topologyDomains(recorded('show-topology-tree-22.05.8.txt'));
  assert.equal(tree.get('t4'), [{ kind: 'leaf', id: 'leaf1', from: 'provider' }]);
  assert.equal(tree.get('t5'), [{ kind: 'leaf', id: 'leaf2', from: 'provider' }]);
  const blocks = topologyDomains(
    'BlockName=b1 BlockIndex=0 Nodes=n[01-18] BlockSize=18\nAggregatedBlock=b[1-2] Nodes=n[01-36]\n',
  );
  assert.equal(blocks.get('n18'), [{ kind: 'block', id: 'b1', from: 'provider' }]);
  assert.is(blocks.get('n19'), undefined);
  assert.is(topologyDomains('no topology\n').size, 0);
});

test('features name domains by their prefix', () => {
  assert.equal(featureDomains(['ib', 'rack-7'], { rack: 'rack-', power: 'pdu-' }), [
    { kind: 'rack', id: '7', from: 'provider' },
  ]);
});

test('GRES: types add up, sockets are no count', () => {
  assert.is(gpusOf('gpu:h100:8(S:0-1),nic:8'), 8);
  assert.is(gpusOf('gpu:a100:2,gpu:h100:2'), 4);
  assert.is(gpusOf('gpu'), 1);
  assert.is(gpusOf('shard:4'), undefined);
  assert.is(gresFor(['gpu:8', 'gpu:h100:8']), 'gpu:8');
  assert.is(gresFor(['gpu:8', 'gpu:4']), undefined);
});

test('constraints: & binds tighter than |; what is more than that is refused', () => {
  const fits = (text: string, features: readonly string[]) => {
    const read = readConstraint(text);
    return 'fits' in read && read.fits(features);
  };
  assert.ok(fits('h100&ib|h200', ['h200']));
  assert.ok(fits('h100&ib|h200', ['ib', 'h100']));
  assert.not.ok(fits('h100&ib|h200', ['h100']));
  assert.ok('problem' in readConstraint('[rack1*2]'));
});

test('durations in all their forms', () => {
  const forms = ['90', '1:30', '1:00:00', '2-12', '1-00:30:00'].map(readDuration);
  assert.equal(forms, [5400, 90, 3600, 2 * 86_400 + 12 * 3600, 86_400 + 1800]);
  assert.is(readDuration('infinite'), undefined);
});

test('a job around us does not steer what we start, and the configuration stays', () => {
  const environment = slurmEnvironment({
    SLURM_CONF: '/c',
    SLURM_JOB_ID: '7',
    SBATCH_PARTITION: 'x',
    HOME: '/h',
  });
  assert.equal(environment, { SLURM_CONF: '/c', HOME: '/h', SLURM_TIME_FORMAT: '%s' });
});

test('what a command refuses with is classed', () => {
  const code = (said: string) => refusal('sbatch', said, 'exit 1').code;
  assert.is(code('sbatch: error: invalid partition specified: nix'), 'PROVIDER_INVALID');
  assert.is(code('slurm_update error: Invalid user id'), 'PROVIDER_PERMISSION');
  assert.is(
    code('slurm_load_jobs error: Unable to contact slurm controller (connect failure)'),
    'PROVIDER_TRANSIENT',
  );
});

test('a holding job asks for its nodes alone, survives a bad one, never comes again', () => {
  const argv = sbatchArgv(
    { name: 'assay-x', partition: 'low', qos: 'scavenge', timeLimit: 90, idle: 600 },
    ['t1', 't2'],
    'gpu:8',
  );
  for (const word of [
    '--nodelist=t1,t2',
    '--nodes=2',
    '--exclusive',
    '--no-kill',
    '--no-requeue',
    '--time=2',
    '--partition=low',
    '--qos=scavenge',
    '--gres=gpu:8',
  ]) {
    assert.ok(argv.includes(word), word);
  }
  assert.match(holdingScript(600), /"\$quiet" -lt 20 /u);
});

test('containers: pyxis by flags, Apptainer in front of every program', () => {
  assert.equal(containerWords(undefined), { flags: [], prefix: [] });
  const pyxis = containerWords({
    image: 'nvcr.io#nvidia/pytorch',
    via: 'pyxis',
    mounts: ['/d:/d'],
  });
  assert.equal(pyxis.prefix, []);
  assert.ok(pyxis.flags.includes('--container-image=nvcr.io#nvidia/pytorch'));
  assert.ok(pyxis.flags.includes('--container-mounts=/d:/d'));
  const apptainer = containerWords({ image: '/i.sif', via: 'apptainer', mounts: ['/d'] });
  assert.equal(apptainer.prefix, ['apptainer', 'exec', '--nv', '--bind', '/d', '/i.sif']);
});

test.run();
