import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/nccl/options.ts';
import { readRas } from '../../../suites/nccl/ras.ts';
import { nccl } from '../../../suites/nccl/suite.ts';
import { caseOf, exited, node, session } from './nodes.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const recorded = (name: string) => readFileSync(`${root}fixtures/recorded/nccl/${name}`, 'utf8');
const suite = nccl(schema.parse({ sizes: ['1 MiB'], collectives: ['all_reduce'] }));
const pair = [node(1, 'gpu', 2), node(2, 'gpu', 2)];
const of = caseOf(suite, pair, 'nccl.all_reduce.pair');
const say = (fields: object) => `${JSON.stringify({ assay: 1, ...fields })}\n`;

/** Both ranks of a node in the timed loop, each at its own step by its last words. */
function words(ranks: readonly number[], calls: readonly (number | undefined)[]): string {
  const at = (rank: number, operation: string, call?: number) =>
    say({ kind: 'progress', rank, operation, at: 1, ...(call !== undefined && { call }) });
  return [
    ...ranks.map((rank) => at(rank, 'start') + at(rank, 'all_reduce 1048576 B timed')),
    ...ranks.map((rank, i) =>
      calls[i] === undefined
        ? ''
        : at(rank, `all_reduce 1048576 B timed, call ${calls[i]}`, calls[i]),
    ),
  ].join('');
}

const complaint = say({
  kind: 'done',
  ok: false,
  owner: 'group',
  code: 'RANK_MISSING',
  message: 'rank 0 waited 60 s for the others in: all_reduce 1048576 B timed',
});

function ended(first: string, second: string) {
  const one = session(suite, of, pair);
  one.hear('n0001', first + complaint);
  one.hear('n0002', second + complaint);
  const { outcome } = one.end([exited('n0001', 0, 1), exited('n0002', 1, 1)]);
  assert.ok(outcome.status === 'failed');
  return outcome;
}

test('in one operation the rank that began fewer calls is the one that did not arrive', () => {
  const { suspects, message } = ended(words([0, 1], [13, 13]), words([2, 3], [13, 12]));
  assert.equal(suspects, ['n0002']);
  assert.match(
    message,
    /rank 3 \(n0002\) is behind; the others wait in: all_reduce 1048576 B timed, call 13/u,
  );
});

test('ranks that are equally far name nobody: slow is not late', () => {
  assert.equal(ended(words([0, 1], [13, 13]), words([2, 3], [13, 13])).suspects, [
    'n0001',
    'n0002',
  ]);
});

test('a rank whose end says no step is not called late for it', () => {
  const { suspects } = ended(words([0, 1], [13, 13]), words([2, 3], [undefined, undefined]));
  assert.equal(suspects, ['n0001', 'n0002']);
});

test('where progress tells nobody apart, RAS names the rank', () => {
  const report = say({
    kind: 'fact',
    name: 'nccl.ras',
    value: recorded('ras-straggler-8-ranks.txt').replaceAll('Rank 7', 'Rank 2'),
  });
  const { suspects, message } = ended(report + words([0, 1], [20, 20]), words([2, 3], [20, 20]));
  assert.equal(suspects, ['n0002']);
  assert.match(message, /RAS/u);
});

test('RAS lists outliers: those behind are named, those ahead are not, a dead process by its node', () => {
  assert.equal(readRas(recorded('ras-straggler-8-ranks.txt')), { behind: [7], dead: [] });
  assert.equal(readRas(recorded('ras-mismatch-32-ranks.txt')), { behind: [], dead: [] });
  const dead = '  Process 3487984 on node 172.16.64.213 managing GPU 5\n';
  assert.equal(readRas(dead).dead, [{ address: '172.16.64.213', accelerator: 5 }]);
  assert.equal(readRas('no report at all'), { behind: [], dead: [] });
});

/** Runs a few lines with the payload's own module in hand. */
function python(lines: string): unknown {
  const code = `import sys, json\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(`${root}suites/nccl/payload`)})\nimport hang\n${lines}`;
  const done = spawnSync('python3', ['-c', code], { encoding: 'utf8', timeout: 20_000 });
  assert.is(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

test('the flight recorder tells a rank whose accelerator did not begin from those that wait', () => {
  const entry = (id: number, state: string) =>
    `{"collective_seq_id": ${id}, "profiling_name": "nccl:all_reduce", "state": "${state}"}`;
  const [waits, late, done, none] = python(
    `print(json.dumps([hang.waiting([${entry(1, 'completed')}, ${entry(2, 'started')}]),
      hang.waiting([${entry(1, 'completed')}, ${entry(2, 'scheduled')}]),
      hang.waiting([${entry(1, 'completed')}]), hang.waiting([])]))`,
  ) as [[number, string], [number, string], [number, string], null];
  assert.equal(waits, [5, 'nccl:all_reduce number 2, started']);
  assert.ok(late[0] < waits[0]);
  assert.is(late[1], 'nccl:all_reduce number 2, scheduled');
  assert.is(done[0], 4);
  assert.is(none, null);
});

test('calls are counted in memory that a forked rank shares with the one that watches it', () => {
  const seen = python(`import os
calls = hang.Calls(2)
pid = os.fork()
if pid == 0:
    calls.begin(1); calls.begin(1)
    os._exit(0)
os.waitpid(pid, 0)
print(json.dumps([calls.of(0), calls.of(1)]))`);
  assert.equal(seen, [0, 2]);
});

test('RAS is asked over its socket, and its absence is no failure', () => {
  const answer = python(`import os, socket, threading
server = socket.create_server(("127.0.0.1", 0))
def serve():
    client, _ = server.accept()
    client.recv(100)
    client.sendall(b"Warnings\\n"); client.close()
threading.Thread(target=serve, daemon=True).start()
os.environ["NCCL_RAS_ADDR"] = "127.0.0.1:%d" % server.getsockname()[1]
first = hang.ras(5)
os.environ["NCCL_RAS_ADDR"] = "127.0.0.1:1"
print(json.dumps([first, hang.ras(5)]))`);
  assert.equal(answer, ['Warnings\n', null]);
});

test.run();
