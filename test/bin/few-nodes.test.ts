/** Fleets of odd sizes, of one, and of which nearly nobody is there; and claims on the network, through the real path. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Break } from '../../bin/selftest/model.ts';
import { accepted } from '../vacuous/small-fleet.ts';

const LINKS = `
  - { id: links, metric: nccl.all_reduce.busbw, where: { scope: pair, bytes: 1 GiB },
      per: link, at-least: 340 GB/s, nominal: 360 GB/s, source: contract }`;

const fleet = (nodes: number, broken: Break = {}, claim = '') =>
  accepted(
    {
      nodes,
      suites: `nccl: { collectives: [all_reduce], sizes: [1 GiB], scopes: [pair]${claim} }`,
      values: '[{ metric: nccl.all_reduce.busbw, value: 375 GB/s }]',
      criteria: LINKS,
    },
    broken,
  );
const ids = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `n${String(from + at).padStart(4, '0')}`);

test('one node has nobody to be paired with, and is not accepted for it', async () => {
  const { exit, verdict, ...ours } = await fleet(1);
  assert.is(exit, 3);
  assert.is(verdict.lot.accepted, 0);
  assert.match(ours.node('n0001'), /^not-tested/u);
});

test('of 64 nodes 63 are dead: the one that is left passes nothing by itself, the dead fail or are not tested', async () => {
  const { exit, verdict, ...ours } = await fleet(64, {
    faults: [{ kind: 'dead', nodes: ids(2, 64) }],
  });
  assert.is.not(exit, 0);
  assert.is(verdict.lot.accepted, 0, JSON.stringify(verdict.lot));
  assert.is(verdict.nodes.length, 64);
  assert.not.match(ours.node('n0001'), /^(?:pass|fail)/u);
  assert.not.ok(verdict.nodes.some((one) => one.verdict === 'pass'));
});

test('of 17 nodes the odd one has its turn, and two slow ones are named alone', async () => {
  const { verdict } = await fleet(17, {
    faults: [{ kind: 'slow-network', nodes: ['n0004', 'n0017'], by: 0.2 }],
  });
  assert.equal(
    verdict.nodes.filter((one) => one.verdict === 'fail').map((one) => one.id),
    ['n0004', 'n0017'],
  );
  assert.is(verdict.lot.accepted, 15);
});

test('a claim that holds accepts; a node that falls back to sockets is named, and nobody else', async () => {
  const claim = ', transport: efa';
  const good = await fleet(8, {}, claim);
  assert.is(good.exit, 0, good.verdict.lot.reasons.join('; '));
  const fallen = await fleet(8, { faults: [{ kind: 'socket-fallback', nodes: ['n0003'] }] }, claim);
  assert.is(fallen.exit, 1);
  assert.equal(
    fallen.verdict.nodes.filter((one) => one.verdict === 'fail').map((one) => one.id),
    ['n0003'],
    JSON.stringify(fallen.verdict.nodes.map((one) => one.reasons)),
  );
  assert.ok(
    fallen.verdict.findings.some((one) => /claimed efa, used .*socket/u.test(one.reason)),
    fallen.verdict.findings.map((one) => one.reason).join('\n'),
  );
  assert.is(fallen.verdict.lot.accepted, 7);
  const [row] = fallen.verdict.nodes.filter((one) => one.verdict === 'fail');
  assert.equal([row?.owner, row?.class], ['provider', 'software']);
});

test('where the log says nothing of use, the claim is not tested, and that is no pass', async () => {
  const silent = await fleet(
    4,
    { bytes: (lines) => lines.filter((line) => !line.includes('NCCL')) },
    ', transport: efa',
  );
  assert.is(silent.exit, 3, silent.verdict.lot.reasons.join('; '));
  assert.is(silent.verdict.lot.accepted, 0);
});

test('one slow rail is named as that rail through the whole path', async () => {
  const { verdict } = await accepted(
    {
      nodes: 8,
      suites: 'nccl: { collectives: [all_reduce], sizes: [1 GiB], scopes: [rail] }',
      values: '[{ metric: nccl.all_reduce.busbw, value: 48 GB/s }]',
      criteria: `
  - { id: rails, metric: nccl.all_reduce.busbw, where: { scope: rail, bytes: 1 GiB },
      per: link, at-least: 42 GB/s, nominal: 45 GB/s, source: contract }`,
    },
    { faults: [{ kind: 'slow-network', nodes: ['n0005'], rail: 6, by: 0.3 }] },
  );
  assert.equal(
    verdict.nodes.filter((one) => one.verdict === 'fail').map((one) => one.id),
    ['n0005'],
  );
  assert.match(
    verdict.nodes.find((one) => one.id === 'n0005')?.reasons.join('; ') ?? '',
    /on rail 6 \(/u,
  );
});

test.run();
