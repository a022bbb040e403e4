import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fleet, RunContext } from '../../runners/model.ts';
import { run, spawn } from '../../runners/process.ts';
import { runners } from '../../runners/registry.ts';
import { hear, testContext, testStep } from '../runners/context.ts';
import { startSshd, type TestSshd } from '../sshd.ts';

const test = suite('faults of hosts over ssh');

let sshd: TestSshd;
test.before(async () => {
  sshd = await startSshd({ hosts: 2 });
});
test.after(() => sshd.stop());

async function open(of: TestSshd, context: Partial<RunContext> = {}): Promise<Fleet> {
  const configured = runners.find((one) => one.id === 'ssh')?.configure(of.options());
  if (configured === undefined || 'issues' in configured) throw new Error('not configured');
  return (await configured.use()).open(testContext(context), AbortSignal.timeout(60_000));
}

/** Process ids whose command line holds the mark. */
async function holding(mark: string): Promise<readonly string[]> {
  const found = await run(['pgrep', '-f', mark], { limit: 10 });
  return found.stdout.toString().split('\n').filter(Boolean);
}

async function until(what: () => Promise<boolean>, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    if (await what()) return;
  }
  throw new Error(`not so after ${seconds} s`);
}

test('when the controller is killed, the lease ends its programs and removes their spool', async () => {
  const mark = `lease${process.pid}x`;
  const script = `setsid sh -c 'sleep 321; : ${mark}' & echo ready; sleep 321; : ${mark}`;
  const request = {
    runner: 'ssh',
    options: sshd.options(),
    run: 'killed',
    argv: ['sh', '-c', script],
    lease: 2,
  };
  const file = fileURLToPath(new URL('controller.ts', import.meta.url));
  const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url));
  const controller = spawn(['node', '--import', tsx, file, JSON.stringify(request)]);
  let said = '';
  controller.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  controller.stderr.pipe(process.stderr);
  await until(async () => said.split('ready').length === 3, 30);
  assert.ok((await holding(mark)).length >= 4);
  process.kill(controller.pid ?? 0, 'SIGKILL');
  await controller.end;
  await until(async () => (await holding(`[${mark[0]}]${mark.slice(1)}`)).length === 0, 15);
});

test('a controller that comes back ends what its predecessor left, before anything is started', async () => {
  const mark = `back${process.pid}x`;
  const fleet = await open(sshd, { run: 'again' });
  const stop = new AbortController();
  const step = testStep(['n0001'], ['sh', '-c', `sleep 322; : ${mark}`], {
    lease: 300,
    attempt: 'case@n0001#0/0',
  });
  const first = hear(fleet, step, stop.signal);
  await until(async () => (await holding(`[b]${mark.slice(1)}`)).length > 0, 10);
  // The same run, opened again: as after a SIGKILL.
  const again = await open(sshd, { run: 'again' });
  const { exits } = await hear(again, testStep(['n0001'], ['true']));
  assert.is(exits[0]?.ended, 'exited');
  assert.equal(await holding(`[b]${mark.slice(1)}`), []);
  stop.abort();
  await first;
  await again.release([]);
  await fleet.release([]);
});

test('without contact for longer than the lease a program is lost', async () => {
  const [host] = sshd.hosts;
  if (host === undefined) throw new Error('no host');
  const mark = `gone${process.pid}x`;
  const fleet = await open(sshd);
  try {
    const step = testStep(['n0001'], ['sh', '-c', `echo a; sleep 323; : ${mark}`], { lease: 2 });
    const heard = hear(fleet, step);
    await until(async () => (await holding(`[g]${mark.slice(1)}`)).length > 0, 10);
    await sshd.refuse(host);
    await sshd.cut(host);
    const { exits } = await heard;
    assert.ok(exits[0]?.ended === 'lost' && exits[0].code === 'SSH_LOST', JSON.stringify(exits));
    await until(async () => (await holding(`[g]${mark.slice(1)}`)).length === 0, 10);
    // What is asked of the node now is not started, and says why.
    const next = await hear(fleet, testStep(['n0001', 'n0002'], ['true'], { lease: 1 }));
    assert.is(next.exits[0]?.ended, 'not-started');
    assert.is(next.exits[1]?.ended, 'exited');
    await sshd.listen(host);
    const back = await hear(fleet, testStep(['n0001'], ['true'], { lease: 20 }));
    assert.is(back.exits[0]?.ended, 'exited');
  } finally {
    await fleet.release([]);
  }
});

test('a node that prints 1 GB is stopped, and the controller does not grow', async () => {
  const fleet = await open(sshd);
  try {
    const step = testStep(['n0001', 'n0002'], ['head', '-c', '1000000000', '/dev/urandom']);
    let bytes = 0;
    let most = 0;
    let looked = 0;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = () => {
      collect();
      const { external, heapUsed } = process.memoryUsage();
      return external + heapUsed;
    };
    const before = held();
    const exits = await fleet.start(
      step,
      async (chunk) => {
        bytes += chunk.bytes.length;
        if (bytes - looked < 4e6) return;
        looked = bytes;
        // A slow disk: the node has to wait.
        await pause(20);
        most = Math.max(most, held() - before);
      },
      new AbortController().signal,
    );
    assert.ok(exits.every((exit) => exit.ended === 'over-limit'));
    assert.is(bytes, 2 * 64 * 2 ** 20);
    assert.ok(most < 48e6, `grew by ${Math.round(most / 1e6)} MB`);
  } finally {
    await fleet.release([]);
  }
});

const canMount = userInfo().uid === 0;

test('a full disk on the node is said to be that, at the start and in the middle', async () => {
  if (!canMount) return;
  const small = await mkdtemp(join(tmpdir(), 'assay-full-'));
  const mounted = await run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', small], {
    limit: 10,
  });
  if (mounted.ended !== 'exited' || mounted.code !== 0) return;
  const tiny = await startSshd({ hosts: 1, home: () => small });
  try {
    const fleet = await open(tiny);
    const middle = await hear(
      fleet,
      testStep(['n0001'], ['sh', '-c', 'head -c 8000000 /dev/urandom; sleep 60']),
    );
    const [exit] = middle.exits;
    assert.ok(exit?.ended === 'not-started' && exit.code === 'DISK_FULL', JSON.stringify(exit));
    assert.match(exit.reason, /No space left/u);
    // The spool goes once its end was heard.
    await pause(500);
    const fine = await hear(fleet, testStep(['n0001'], ['true']));
    assert.is(fine.exits[0]?.ended, 'exited');
    await run(['sh', '-c', 'cat /dev/zero > "$0/filler"', small], { limit: 10 });
    const start = await hear(fleet, testStep(['n0001'], ['true']));
    const [none] = start.exits;
    assert.ok(none?.ended === 'not-started' && none.code === 'DISK_FULL', JSON.stringify(none));
    const big = join(small, '..', `assay-big-${process.pid}`);
    await writeFile(big, Buffer.alloc(4_000_000, 1));
    const sum = (await run(['sha256sum', big], { limit: 10 })).stdout.toString().slice(0, 64);
    const [problem] = await fleet.put(['n0001'], sum, big);
    assert.is(problem?.code, 'DISK_FULL');
    await rm(big);
    await fleet.release([]);
  } finally {
    await tiny.stop();
    await run(['umount', small], { limit: 10 });
    await rm(small, { recursive: true, force: true });
  }
});

test('a file is put once, checked there, and refused where other bytes arrive', async () => {
  const fleet = await open(sshd);
  try {
    const file = join(sshd.folder, 'payload');
    await writeFile(file, 'print("hello from the file")\n');
    const sum = (await run(['sha256sum', file], { limit: 10 })).stdout.toString().slice(0, 64);
    assert.equal(await fleet.put(['n0001', 'n0002'], sum, file), []);
    assert.equal(await fleet.put(['n0001', 'n0002'], sum, file), []);
    const step = { ...testStep(['n0001', 'n0002'], ['-']), argv: [{ file: sum }] as const };
    const { exits, output } = await hear(fleet, step);
    assert.ok(
      exits.every((exit) => exit.ended === 'exited' && exit.code === 0),
      JSON.stringify(exits),
    );
    assert.is(output.get('n0002')?.stdout.toString(), 'hello from the file\n');
    const problems = await fleet.put(
      ['n0001'],
      sum.replace(/^./u, (one) => (one === '0' ? '1' : '0')),
      file,
    );
    assert.is(problems[0]?.code, 'EVIDENCE_HASH_MISMATCH');
  } finally {
    await fleet.release([]);
  }
});

test('a run leaves nothing behind but the files of its store', async () => {
  for (const { home } of sshd.hosts) {
    const left = await run(['find', join(home, '.cache/assay/runs'), '-mindepth', '1'], {
      limit: 10,
    });
    assert.is(left.stdout.toString(), '');
    assert.ok(existsSync(join(home, '.cache/assay/files')));
  }
});

test.run();
