import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlacedStep, SimulatedNode } from '../../../runners/model.ts';
import { schema } from '../../../suites/nccl/options.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { transportReader } from '../../../suites/nccl/transport/log.ts';
import { holdClaims, usedOf, type Claims } from '../../../suites/nccl/transport/used.ts';
import { caseOf, exited, node, session } from './nodes.ts';

const folder = fileURLToPath(new URL('../../../fixtures/recorded/', import.meta.url));

function read(file: string) {
  const reader = transportReader();
  const path = file.includes('/') ? file : `nccl/transport/${file}.log`;
  for (const line of readFileSync(`${folder}${path}`, 'utf8').split('\n')) reader.line(line);
  return { log: reader.seen, used: usedOf(reader.seen) };
}

function held(file: string, claims: Claims, between = true) {
  const { log, used } = read(file);
  return holdClaims(claims, used, log, between);
}

test('EFA with GPU-direct RDMA on p5en is EFA, and holds a claim of it', () => {
  const { log, used } = read('efa-p5en-2-nodes');
  assert.equal(used.transports, ['efa']);
  assert.is(used.direct, 'all');
  assert.equal([...log.providers], ['efa']);
  assert.is(held('efa-p5en-2-nodes', { transport: 'efa' }).ok, true);
  assert.is(held('efa-p5en-2-nodes', { transport: 'ib' }).ok, false);
});

test('EFA without GPU-direct RDMA on T4, under mpirun with tagged output', () => {
  const { log, used } = read('eks-blueprints-allreduce-2xT4-efa-tagged.log'.replace(/^/u, './'));
  assert.equal(used.transports, ['efa']);
  assert.is(used.direct, 'none');
  assert.equal([...log.versions], ['2.12.7+cuda11.4']);
});

test('InfiniBand with GPU-direct RDMA: SHARP in the list of ports is no use of it', () => {
  const { log, used } = read('ib-gdr-without-sharp-4-nodes');
  assert.equal(used.transports, ['ib']);
  assert.is(used.direct, 'all');
  assert.is(log.reducing, 0);
  assert.is(used.sharp, undefined, 'no line says which algorithm ran');
  assert.is(held('ib-gdr-without-sharp-4-nodes', { transport: 'ib' }).ok, true);
});

test('SHARP that is connected and never chosen is not shown to be used', () => {
  const { log, used } = read('ib-gdr-sharp-4-nodes');
  assert.is(log.reducing, 4);
  assert.is(used.sharp, undefined);
  const reader = transportReader();
  reader.line('gpu34:1:1 [0] NCCL INFO CollNet 00/0 : 0 [receive] via COLLNET/SHARP/1/GDRDMA');
  reader.line('gpu34:1:1 [0] NCCL INFO AllReduce: 1073741824 Bytes -> Algo 3 proto 2 time 9.1');
  assert.is(usedOf(reader.seen).sharp, true);
});

test('RoCE is told from InfiniBand by the link layer, and says that it stages through the host', () => {
  const { used } = read('roce-no-gdr-2-nodes');
  assert.equal(used.transports, ['roce']);
  assert.is(used.direct, 'none');
  assert.is(held('roce-no-gdr-2-nodes', { transport: 'ib' }).ok, false);
});

test('NVLS is used where an operation took it; that it is available proves nothing', () => {
  const chosen = read('nvls-chosen').used;
  assert.equal(chosen.algorithms, ['AllGather NVLS SIMPLE', 'AllGather RING LL']);
  assert.is(chosen.nvls, true);
  assert.is(held('nvls-chosen', { nvls: true }, false).ok, true);
  assert.is(held('nvls-chosen', { nvls: false }, false).ok, false);
  assert.is(read('nvls-available-8xH100').used.nvls, undefined);
  assert.is(held('nvls-available-8xH100', { nvls: true }, false).ok, undefined);
  assert.is(read('ring-4-nodes').used.nvls, false);
  assert.is(held('ring-4-nodes', { nvls: true }, false).ok, false);
});

test('NVLink between nodes is told by its channels, not by the clique that they could be in', () => {
  assert.equal(read('mnnvl-2-nodes-gb200').used.transports, ['nvlink']);
  assert.is(read('nvls-available-8xH100').used.transports, undefined);
});

test('a fall-back to sockets fails a plan that claims EFA, with the reason that the log gives', () => {
  const refused = held('efa-refused-p4d', { transport: 'efa' });
  assert.is(refused.ok, false);
  assert.match(refused.detail, /claimed efa, selected sockets: NET\/OFI/u);
  const sockets = held('socket-16-ranks', { transport: 'efa' });
  assert.is(sockets.ok, false);
  assert.match(sockets.detail, /claimed efa, used socket/u);
  assert.is(held('socket-16-ranks', {}).ok, true, 'nothing claimed, nothing refused');
});

test('a log without a line of use holds no claim and breaks none', () => {
  const { log, used } = { log: transportReader().seen, used: usedOf(transportReader().seen) };
  assert.is(holdClaims({ transport: 'efa' }, used, log, true).ok, undefined);
});

const pair = [node(1, 'gpu', 2), node(2, 'gpu', 2)];
const suite = nccl(
  schema.parse({ collectives: ['all_reduce'], sizes: ['1 MiB'], profile: 'aws-efa', nvls: true }),
);

function proved(id: string, nodes: typeof pair, fallen: boolean, silent = false) {
  const of = caseOf(suite, nodes, id);
  const one = session(suite, of, nodes);
  for (const each of nodes) {
    const [step] = suite.steps(of, nodes);
    const simulated: SimulatedNode = {
      node: each,
      value: () => undefined,
      faulty: (fault) => fallen && fault === 'socket-fallback',
      random: () => 0.5,
    };
    const lines = [...suite.simulate(step as unknown as PlacedStep, simulated, [])].join('');
    one.hear(each.id, silent ? lines.replace(/^.*NCCL.*$/gmu, '') : lines);
  }
  const { readings, outcome } = one.end(nodes.map((each, at) => exited(each.id, at)));
  return { outcome, check: readings.find((reading) => reading.kind === 'check'), readings };
}

test('a plan that claims something has an untimed twin of each scope, with the log of its own', () => {
  const cases = suite.cases(pair);
  assert.equal(
    cases.map((one) => one.id),
    [
      'nccl.all_reduce.node.fp32.nccl',
      'nccl.transport.node.fp32.nccl',
      'nccl.all_reduce.pair.fp32.nccl',
      'nccl.transport.pair.fp32.nccl',
    ],
  );
  const of = caseOf(suite, pair, 'nccl.transport.pair');
  assert.is(of.parameters['transport'], 'efa');
  const [step] = suite.steps(of, pair);
  assert.is(step?.environment['NCCL_DEBUG_SUBSYS'], 'INIT,NET,GRAPH,TUNING');
  assert.is(step?.environment['FI_PROVIDER'], 'efa');
  const folders = step?.environment['LD_LIBRARY_PATH'];
  assert.ok(typeof folders === 'string' && folders.startsWith('/opt/amazon/efa/lib:'));
  assert.ok(step?.argv.includes('--prove'));
  const timed = suite.steps(caseOf(suite, pair, 'nccl.all_reduce.pair'), pair)[0];
  assert.is(timed?.environment['NCCL_DEBUG'], undefined, 'the timed trial logs nothing');
  assert.is(
    nccl(schema.parse({}))
      .cases(pair)
      .some((one) => one.id.includes('transport')),
    false,
  );
});

test('what was used is held against the claim; sockets fail it, silence neither holds nor breaks it', () => {
  const good = proved('nccl.transport.pair', pair, false);
  assert.is(good.outcome.status, 'measured');
  assert.ok(good.check?.kind === 'check' && good.check.ok, JSON.stringify(good.check));
  const fallen = proved('nccl.transport.pair', pair, true).check;
  assert.ok(fallen?.kind === 'check' && !fallen.ok);
  assert.match(fallen.detail, /claimed efa, used socket .*NET\/OFI Initializing plugin failed/u);
  const silent = proved('nccl.transport.pair', pair, false, true);
  assert.is(silent.outcome.status, 'measured');
  assert.is(silent.check, undefined);
  const inside = proved('nccl.transport.node', pair.slice(0, 1), false).check;
  assert.ok(inside?.kind === 'check' && inside.ok);
  assert.match(inside.detail, /claimed NVLS on, operations took AllReduce NVLS SIMPLE/u);
  const ring = proved('nccl.transport.node', pair.slice(0, 1), true).check;
  assert.ok(ring?.kind === 'check' && !ring.ok);
});

test.run();
