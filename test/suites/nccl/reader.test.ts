import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlacedStep, SimulatedNode, Node } from '../../../runners/model.ts';
import { schema } from '../../../suites/nccl/options.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { caseOf, exited, node, session } from './nodes.ts';

const suite = nccl(schema.parse({ sizes: ['1 MiB'], collectives: ['all_reduce'] }));
const pair = [node(1, 'gpu', 4), node(2, 'gpu', 4)];
const of = caseOf(suite, pair, 'nccl.all_reduce.pair');

function printed(at: Node, busbw: number | undefined, wrong = false): string {
  const [step] = suite.steps(of, pair);
  assert.ok(step);
  const simulated: SimulatedNode = {
    node: at,
    value: () => busbw,
    faulty: (fault, accelerator) => wrong && fault === 'wrong-result' && accelerator === undefined,
    random: () => 0.5,
  };
  return [...suite.simulate(step as unknown as PlacedStep, simulated, [])].join('');
}

test('the slowest rank counts, and the value names its line', () => {
  const one = session(suite, of, pair);
  one.hear('n0001', printed(pair[0] as Node, 400e9));
  one.hear('n0002', printed(pair[1] as Node, 300e9));
  const { readings, outcome } = one.end([exited('n0001', 0), exited('n0002', 1)]);
  assert.equal(outcome, { status: 'measured' });
  const busbw = readings.find((r) => r.kind === 'sample' && r.metric.endsWith('.busbw'));
  assert.ok(busbw?.kind === 'sample');
  assert.ok(Math.abs(busbw.value - 300e9) < 1);
  assert.is(busbw.at.node, 'n0002');
  assert.equal(busbw.subject, { kind: 'link', ends: ['n0001', 'n0002'], finest: 'path' });
  assert.is(busbw.parameters['bytes'], 2 ** 20);
  assert.is(readings.length, 4);
});

test('a wrong result on one rank is a false check, and the trial still counts as measured', () => {
  const one = session(suite, of, pair);
  one.hear('n0001', printed(pair[0] as Node, 400e9));
  one.hear('n0002', printed(pair[1] as Node, 400e9, true));
  const { readings } = one.end([exited('n0001', 0), exited('n0002', 1)]);
  const check = readings.find((r) => r.kind === 'check');
  assert.ok(check?.kind === 'check');
  assert.is(check.ok, false);
  assert.match(check.detail, 'rank 4');
});

test('a size that one rank left out gives no value and is incomplete', () => {
  const one = session(suite, of, pair);
  one.hear('n0001', printed(pair[0] as Node, 400e9));
  one.hear('n0002', printed(pair[1] as Node, undefined));
  const { readings, outcome } = one.end([exited('n0001', 0), exited('n0002', 1)]);
  assert.equal(
    readings.filter((r) => r.kind === 'sample'),
    [],
  );
  assert.is(outcome.status, 'failed');
});

test("a sample for another node's rank breaks the speaker's trial", () => {
  const one = session(suite, of, pair);
  one.hear('n0001', printed(pair[1] as Node, 400e9));
  one.hear('n0002', printed(pair[1] as Node, 400e9));
  const { outcome } = one.end([exited('n0001', 0), exited('n0002', 1)]);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.code, 'OUTPUT_UNREADABLE');
  assert.equal(outcome.suspects, ['n0001']);
});

const say = (fields: object) => `${JSON.stringify({ assay: 1, ...fields })}\n`;
const progress = (ranks: readonly number[], ...operations: string[]) =>
  operations
    .flatMap((operation) => ranks.map((rank) => say({ kind: 'progress', rank, operation, at: 1 })))
    .join('');
const complaint = say({
  kind: 'done',
  ok: false,
  owner: 'group',
  code: 'RANK_MISSING',
  message: 'rank 0 waited 30 s for the others in: connect',
});

test('of a group that waits, the node that is behind is named with the operation', () => {
  const one = session(suite, of, pair);
  one.hear('n0001', progress([0, 1, 2, 3], 'start', 'rendezvous', 'init', 'connect') + complaint);
  one.hear('n0002', progress([4, 5, 6, 7], 'start', 'rendezvous') + complaint);
  const { outcome } = one.end([exited('n0001', 0, 1), exited('n0002', 1, 1)]);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.owner, 'group');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
  assert.match(outcome.message, 'connect');
});

test('when all are equally far, all are suspects', () => {
  const one = session(suite, of, pair);
  one.hear('n0001', progress([0, 1, 2, 3], 'start', 'connect') + complaint);
  one.hear('n0002', progress([4, 5, 6, 7], 'start', 'connect') + complaint);
  const { outcome } = one.end([exited('n0001', 0, 1), exited('n0002', 1, 1)]);
  assert.ok(outcome.status === 'failed');
  assert.equal(outcome.suspects, ['n0001', 'n0002']);
});

test('a node that fell silent while its peer complained is the missing one', () => {
  const one = session(suite, of, pair);
  one.hear('n0001', progress([0, 1, 2, 3], 'start', 'connect') + complaint);
  one.hear('n0002', progress([4, 5, 6, 7], 'start', 'connect'));
  const { outcome } = one.end([
    exited('n0001', 0, 1),
    { node: 'n0002', rank: 1, seconds: 99, ended: 'timed-out', step: 0, role: 'rank' },
  ]);
  assert.ok(outcome.status === 'failed');
  assert.is(outcome.owner, 'node');
  assert.is(outcome.code, 'RANK_MISSING');
  assert.equal(outcome.suspects, ['n0002']);
});

test.run();
