import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startSshd } from '../sshd.ts';
import { plant } from './broken-host.ts';
import { attemptsOf, blame, leftBehind, words, Workplace } from './command-line.ts';
import { quickPlan } from './quick-plan.ts';

const test = suite('disks that are full');

const at = new Workplace();
const mounted: string[] = [];
test.after(() => {
  for (const folder of mounted) spawnSync('umount', ['-l', folder]);
  at.remove();
});

/** A folder of this many KiB; undefined where this user may not mount one. */
function small(name: string, kibibytes: number): string | undefined {
  const folder = at.path(name);
  mkdirSync(folder);
  const { status } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${kibibytes}k`,
    'tmpfs',
    folder,
  ]);
  if (status !== 0) return undefined;
  mounted.push(folder);
  return folder;
}

const PRINTS = 'if work:\n    import base64\n    say(base64.b64encode(os.urandom(3000000)))';

test('a full disk on a node is no fault of the node, and its neighbour is measured', async () => {
  const homes = [at.path('home-0'), small('home-1', 96), small('home-2', 1024)];
  if (homes.includes(undefined)) {
    console.log('skipped: only root can mount a small disk');
    return;
  }
  const sshd = await startSshd({ hosts: 3, home: (index) => homes[index] });
  try {
    plant(homes[2] ?? '', PRINTS);
    at.write('plan.yaml', quickPlan({ runner: 'ssh', ...sshd.options() }));
    const { code, text } = await at.run('accept', 'plan.yaml');
    assert.is(code, 3, text);
    const [run] = at.runs();
    assert.equal(words(run), { n0001: 'pass', n0002: 'not-tested', n0003: 'not-tested' });
    assert.equal(blame(run), { n0002: 'harness DISK_FULL', n0003: 'harness DISK_FULL' });
    assert.equal(await leftBehind(sshd.hosts.map((host) => host.home)), []);
  } finally {
    await sshd.stop();
  }
});

test('a full disk here: 4, what was measured is kept, and it goes on when there is room', async () => {
  const out = small('out', 1024);
  if (out === undefined) {
    console.log('skipped: only root can mount a small disk');
    return;
  }
  plant(at.home, PRINTS);
  at.write('plan.yaml', quickPlan({ runner: 'local' }));
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'out');
  assert.is(code, 4, text);
  assert.match(text, /no space left on this machine/u);
  assert.match(text, /go on with: assay resume/u);
  assert.equal(await leftBehind([at.home]), []);
  const [run = ''] = at.runs('out');
  const measured = attemptsOf(run).map((one) => one.attempt);
  assert.ok(measured.includes('inventory@n0001#0/0'));
  const full = await at.run('resume', run);
  assert.is(full.code, 4, full.text);
  assert.is(spawnSync('mount', ['-o', 'remount,size=64m', out]).status, 0);
  const resumed = await at.run('resume', run);
  assert.is(resumed.code, 0, resumed.text);
  const all = attemptsOf(run).map((one) => one.attempt);
  assert.equal(all.slice(0, measured.length), measured);
  const verified = await at.run('verify', run);
  assert.is(verified.code, 0, verified.text);
});

test.run();
