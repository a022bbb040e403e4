import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startSshd, type TestSshd } from '../sshd.ts';
import { attemptsOf, type Command, leftBehind, words, Workplace } from './command-line.ts';
import { quickPlan } from './quick-plan.ts';

const test = suite('a controller that is interrupted');

let at: Workplace;
let sshd: TestSshd;
test.before(async () => {
  sshd = await startSshd({ hosts: 2 });
});
test.before.each(() => {
  at = new Workplace();
});
test.after.each(() => at.remove());
test.after(() => sshd.stop());

const homes = () => sshd.hosts.map((host) => host.home);
const overSsh = (more: Readonly<Record<string, unknown>> = {}) =>
  quickPlan({ runner: 'ssh', ...sshd.options(more) });

/** Starts a run and waits until its trials are under way. */
async function underWay(plan: object): Promise<Command> {
  at.write('plan.yaml', plan);
  const command = at.start(['accept', 'plan.yaml']);
  await command.saw(/round 1: \d/u);
  await pause(400);
  return command;
}

/** Resumes to the end: accepted, verified, inventory not repeated. */
async function goesOn(nodes: readonly string[]): Promise<void> {
  const [run = ''] = at.runs();
  const before = attemptsOf(run).filter((one) => one.attempt.startsWith('inventory'));
  assert.is(before.length, nodes.length);
  const resumed = await at.run('resume', run);
  assert.is(resumed.code, 0, resumed.text);
  assert.equal(words(run), Object.fromEntries(nodes.map((node) => [node, 'pass'])));
  const after = attemptsOf(run).map((one) => one.attempt);
  assert.is(after.filter((id) => id.startsWith('inventory')).length, nodes.length);
  assert.is(new Set(after).size, after.length, 'no attempt runs twice');
  const verified = await at.run('verify', run);
  assert.is(verified.code, 0, verified.text);
}

test('SIGINT: 130, nothing left running here, and it goes on', async () => {
  const command = await underWay(quickPlan({ runner: 'local' }));
  command.child.kill('SIGINT');
  const { code, text } = await command.ended;
  assert.is(code, 130, text);
  assert.match(text, /go on with: assay resume runs\//u);
  assert.equal(await leftBehind([at.home]), []);
  await goesOn(['n0001']);
});

test('SIGTERM: 143, nothing left running on any host, and it goes on', async () => {
  const command = await underWay(overSsh());
  command.child.kill('SIGTERM');
  const { code, text } = await command.ended;
  assert.is(code, 143, text);
  assert.equal(await leftBehind(homes()), []);
  await goesOn(['n0001', 'n0002']);
});

test('SIGINT again and again is still one orderly end', async () => {
  const command = await underWay(overSsh());
  for (let times = 0; times < 5; times += 1) {
    command.child.kill('SIGINT');
    await pause(20);
  }
  const { code, text } = await command.ended;
  assert.is(code, 130, text);
  assert.equal(await leftBehind(homes()), []);
});

test('SIGINT while hosts are being reached ends at once', async () => {
  const silent = createServer(() => undefined);
  const hangs = sshd.hosts[0]?.address.replace(/\d+$/u, '97') ?? '';
  await new Promise<void>((resolve) => {
    silent.listen(sshd.port, hangs, resolve);
  });
  try {
    at.write('plan.yaml', overSsh({ hosts: [hangs], 'connect-timeout': '30 s' }));
    const command = at.start(['accept', 'plan.yaml']);
    await command.saw(/opening the fleet/u);
    await pause(300);
    const since = Date.now();
    command.child.kill('SIGINT');
    const { code, text } = await command.ended;
    assert.is(code, 130, text);
    assert.ok(Date.now() - since < 5000);
  } finally {
    silent.close();
  }
});

test('SIGKILL: the run goes on, and what its predecessor left is ended', async () => {
  const command = await underWay(overSsh());
  command.child.kill('SIGKILL');
  await command.ended;
  await goesOn(['n0001', 'n0002']);
  assert.equal(await leftBehind(homes()), []);
});

test('a controller that never comes back leaves no process past the lease', async () => {
  const command = await underWay(overSsh({ lease: '2 s' }));
  command.child.kill('SIGKILL');
  await command.ended;
  assert.equal(await leftBehind(homes(), 15), []);
});

test('a run that another process writes is not resumed', async () => {
  const command = await underWay(quickPlan({ runner: 'local' }));
  const [run = ''] = at.runs();
  const second = await at.run('resume', run);
  assert.is(second.code, 4, second.text);
  assert.match(second.text, new RegExp(`written by process ${command.child.pid}`, 'u'));
  const { code, text } = await command.ended;
  assert.is(code, 0, text);
});

test('two runs at once into one folder do not meet', async () => {
  at.write('plan.yaml', quickPlan({ runner: 'local' }));
  const both = await Promise.all([at.run('accept', 'plan.yaml'), at.run('accept', 'plan.yaml')]);
  for (const { code, text } of both) assert.is(code, 0, text);
  assert.is(at.runs().length, 2);
  for (const run of at.runs()) {
    const { code, text } = await at.run('verify', run);
    assert.is(code, 0, text);
  }
});

test.run();
