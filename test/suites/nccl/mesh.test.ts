import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import type { Node } from '../../../runners/model.ts';
import { busbwFactor, movedBytes } from '../../../suites/nccl/collectives.ts';
import { schema } from '../../../suites/nccl/options.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { placed, simulated } from '../simulated.ts';
import { caseOf, node, session } from './nodes.ts';

const of = (block: object) => nccl(schema.parse(block));
const slice = (number: number, id: string): Node => ({
  ...node(number, 'tpu', 4),
  domains: [{ kind: 'slice', id, from: 'provider' }],
});
const argvOf = (suite: ReturnType<typeof of>, id: string, nodes: readonly Node[]) =>
  suite
    .steps(caseOf(suite, nodes, id), nodes)[0]
    ?.argv.map((one) => (typeof one === 'string' ? one : Object.keys(one)[0]))
    .join(' ') ?? '';

test('TPUs speak xla: in a host and in a slice over ICI, between slices over DCN', () => {
  const block = { collectives: ['all_reduce'], scopes: ['node', 'pair', 'rail', 'domain', 'lot'] };
  const one = [slice(1, 'a'), slice(2, 'a')];
  const said = (nodes: readonly Node[]) =>
    of(block)
      .cases(nodes)
      .map(({ id, parameters: { fabric, mesh, axis } }) => [id, fabric, mesh, axis]);
  assert.equal(said(one), [
    ['nccl.all_reduce.node.fp32.xla', 'ici', undefined, undefined],
    ['nccl.all_reduce.domain.fp32.xla', 'ici', undefined, undefined],
    ['nccl.all_reduce.lot.fp32.xla', 'ici', undefined, undefined],
  ]);
  const two = [...one, slice(3, 'b'), slice(4, 'b')];
  assert.equal(said(two).at(-1), ['nccl.all_reduce.lot.fp32.xla.dcn', 'dcn', '2x8', 'x']);
  const argv = argvOf(of(block), 'nccl.all_reduce.lot', two);
  assert.match(argv, /--kind tpu --mesh 2x8 --axis 0 --slices 0,0,1,1$/u);
});

test('a mesh gives a case for each axis, with the bandwidth of its rows', () => {
  const suite = of({
    library: 'xla',
    collectives: ['all_gather'],
    sizes: ['64 KiB'],
    mesh: [2, 4],
  });
  const nodes = [node(1, 'cpu', 8)];
  assert.equal(
    suite.cases(nodes).map(({ id, parameters }) => [id, parameters['ranks'], parameters['axis']]),
    [
      ['nccl.all_gather.node.fp32.xla', 8, undefined],
      ['nccl.all_gather.node.fp32.xla.x', 8, 'x'],
      ['nccl.all_gather.node.fp32.xla.y', 8, 'y'],
    ],
  );
  const rows = caseOf(suite, nodes, 'nccl.all_gather.node.fp32.xla.y');
  const [step] = suite.steps(rows, nodes);
  assert.ok(step);
  assert.is(step.environment['XLA_FLAGS'], '--xla_force_host_platform_device_count=8');
  const heard = session(suite, rows, nodes);
  const truth = 3e9;
  const text = [
    ...suite.simulate(
      placed(step),
      simulated(nodes[0] as Node, () => truth),
      [],
    ),
  ];
  heard.hear('n0001', text.join(''));
  const ended = heard.end([
    { node: 'n0001', rank: 0, seconds: 1, ended: 'exited', code: 0, step: 0, role: 'rank' },
  ]);
  assert.equal(ended.outcome, { status: 'measured' });
  const values = new Map(
    [...heard.readings, ...ended.readings].flatMap((one) =>
      one.kind === 'sample' ? [[one.metric, one.value] as const] : [],
    ),
  );
  const time = values.get('nccl.all_gather.time') ?? 0;
  const due = (movedBytes('all_gather', 65536, 4) * busbwFactor('all_gather', 4)) / time;
  assert.ok(Math.abs((values.get('nccl.all_gather.busbw') ?? 0) / due - 1) < 1e-9);
});

test('what only NCCL has is refused for xla, and what only JAX reaches for NCCL', () => {
  const refused = (block: object, nodes: readonly Node[], words: RegExp) =>
    assert.throws(
      () => of(block).cases(nodes),
      (error: unknown) =>
        error instanceof HarnessError && error.code === 'PLAN_INVALID' && words.test(error.message),
    );
  const chips = [slice(1, 'a')];
  refused({ collectives: ['broadcast'] }, chips, /xla has no broadcast/u);
  refused({ transport: 'ib', nvls: true }, chips, /transport, nvls/u);
  refused({ library: 'nccl' }, chips, /torch loads no TPU/u);
  refused({ driver: 'nccl-tests', binaries: '/opt' }, chips, /torch loads no TPU/u);
  refused({ library: 'xla' }, [node(1, 'gpu', 8)], /not for GPUs/u);
});

test('a slice of several cubes is measured within each of them too, all at once, by the chips’ own coordinates', () => {
  const host = (number: number): Node => {
    const { accelerators, ...rest } = slice(number, 'a');
    return { ...rest, accelerators: accelerators.map((one) => ({ ...one, model: 'TPU v5p' })) };
  };
  const hosts = (count: number) => Array.from({ length: count }, (_, at) => host(at + 1));
  const suite = of({ collectives: ['all_reduce'], scopes: ['domain'] });
  const ids = (count: number) => suite.cases(hosts(count)).map(({ id }) => id);
  assert.equal(ids(16), ['nccl.all_reduce.domain.fp32.xla']);
  assert.equal(ids(32), [
    'nccl.all_reduce.domain.fp32.xla',
    'nccl.all_reduce.domain.fp32.xla.cube',
  ]);
  const argv = argvOf(suite, 'nccl.all_reduce.domain.fp32.xla.cube', hosts(32));
  assert.match(argv, /--mesh 2x64 --axis 1 --cubes$/u);
  const script = `
import sys, types
sys.path.insert(0, ${JSON.stringify(fileURLToPath(new URL('../../../suites/nccl/payload', import.meta.url)))})
sys.dont_write_bytecode = True
import programs
place = lambda x, y, z: types.SimpleNamespace(coords=(x, y, z), core_on_chip=0)
slice = [place(x, y, z) for x in range(4) for y in range(8) for z in range(4)]
print([one.coords[1] // 4 for one in programs.by_cube(slice, 64)] == [0] * 64 + [1] * 64)
try:
    programs.by_cube([place(x, y, 0) for x in range(16) for y in range(8)], 64)
except ValueError as error:
    print(error)
`;
  const said = execFileSync('python3', ['-c', script], { encoding: 'utf8' });
  assert.is(said, 'True\nno whole cubes: ranks from 0 on stand in several\n');
});

test('a chip of two cores has two ranks', () => {
  const chips = slice(1, 'a');
  const cores = { ...chips, accelerators: chips.accelerators.map((one) => ({ ...one, cores: 2 })) };
  assert.is(of({}).cases([cores])[0]?.parameters['ranks'], 8);
});

test.run();
