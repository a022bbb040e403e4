import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRun } from '../../campaign/directory/reader.ts';
import { makeKey } from '../../fixtures/clouds/nodes/sshd.ts';
import { startSshd, type TestSshd } from '../sshd.ts';
import { plant } from './broken-host.ts';
import { blame, words, Workplace } from './command-line.ts';
import { quickPlan } from './quick-plan.ts';

const test = suite('words of nodes and secrets of ours');

const at = new Workplace();
let sshd: TestSshd;
test.before(async () => {
  sshd = await startSshd({ hosts: 2 });
});
test.after(async () => {
  await sshd.stop();
  at.remove();
});

/** All bytes of a run: its files, and its evidence as it was before it was packed. */
async function everything(run: string): Promise<string> {
  const parts = readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'));
  const open = await openRun(run);
  try {
    for await (const stream of open.streams()) {
      for await (const bytes of open.bytes(stream))
        parts.push(Buffer.from(bytes).toString('latin1'));
    }
  } finally {
    await open.close();
  }
  return parts.join('\n');
}

const EVIL = '</script><script>alert(1)</script>';
const CONTROL = /[^\n\P{Cc}]/u;

test('a script and terminal escapes in names, serials and output stay words', async () => {
  const [first, second] = sshd.hosts;
  // The second node fails with words of its own choice.
  const words_ = `${EVIL}\u001b[2J\u001b]0;owned\u0007`;
  plant(
    second?.home ?? '',
    `if work:\n    say(${JSON.stringify(words_)})\n    tell("done", ok=False, owner="node", code="CUDA_ERROR", message=${JSON.stringify(words_)})\n    os._exit(1)`,
  );
  const rows = [
    'host,address,serial,rack',
    `"evil${EVIL}",${first?.address},"S1${EVIL}","r${EVIL}"`,
    `plain,${second?.address},"=cmd|' /C calc'!A0",r2`,
  ];
  at.write('hosts.csv', `${rows.join('\n')}\n`);
  at.write(
    'plan.yaml',
    quickPlan({ runner: 'ssh', ...sshd.options({ hosts: `file:${at.path('hosts.csv')}` }) }),
  );
  // By the address alone: the name of a host is not in known_hosts.
  const { code, text } = await at.run('accept', 'plan.yaml');
  assert.is(code, 1, text);
  const [run = ''] = at.runs();
  assert.equal(words(run), { n0001: 'pass', n0002: 'fail' });
  assert.equal(blame(run), { n0002: 'node CUDA_ERROR' });
  assert.not.match(text, CONTROL);
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  assert.not.ok(page.includes('<script>alert'), 'a script in the report');
  assert.not.match(page, /[^\n\t\P{Cc}]/u);
  for (const name of ['junit.xml', 'summary.md']) {
    const file = readFileSync(join(run, name), 'utf8');
    assert.not.ok(file.includes('<script>alert'), name);
    assert.not.match(file, CONTROL, name);
  }
  // A spreadsheet takes what begins with = for a formula.
  const rejected = readFileSync(join(run, 'rejected.csv'), 'utf8');
  assert.not.match(rejected, /(?:^|,)"?=cmd/mu);
  assert.not.match(rejected, CONTROL);
  for (const command of ['verify', 'report']) {
    const again = await at.run(command, run);
    assert.is(again.code, 0, again.text);
    assert.not.match(again.text, CONTROL);
  }
});

test('terminal escapes in a host file are refused or shown as what they are', async () => {
  at.write('hosts.csv', `host,address\n"a\u001b[2Jb",${sshd.hosts[0]?.address}x\n`);
  at.write(
    'plan.yaml',
    quickPlan({ runner: 'ssh', ...sshd.options({ hosts: `file:${at.path('hosts.csv')}` }) }),
  );
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'escapes');
  assert.ok(code === 2 || code === 4, text);
  assert.not.match(text, CONTROL);
});

test('no secret and no variable of ours is written, even where a node prints it', async () => {
  const passphrase = 'correct-horse-battery-staple';
  const locked = join(sshd.folder, 'locked');
  await makeKey(locked, 'ed25519', passphrase);
  const { appendFileSync } = await import('node:fs');
  appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${locked}.pub`));
  at.environment['LOT_KEY_PASSPHRASE'] = passphrase;
  at.environment['CLOUD_TOKEN'] = 'token-0123456789abcdef';
  const [host] = sshd.hosts;
  plant(
    host?.home ?? '',
    `if work:\n    say("it is ${passphrase}", json.dumps(dict(os.environ)))\n    tell("fact", name="leak", value=${JSON.stringify(passphrase)})`,
  );
  at.write(
    'plan.yaml',
    quickPlan({
      runner: 'ssh',
      ...sshd.options({
        hosts: [host?.address],
        'identity-file': locked,
        'passphrase-secret': 'LOT_KEY_PASSPHRASE',
      }),
    }),
  );
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'secret');
  assert.is(code, 0, text);
  const [run = ''] = at.runs('secret');
  const all = `${text}\n${await everything(run)}`;
  assert.ok(all.includes('it is '), 'what the node printed is there');
  for (const secret of [passphrase, 'token-0123456789abcdef']) {
    assert.not.ok(all.includes(secret), secret);
  }
  const verified = await at.run('verify', run);
  assert.is(verified.code, 0, verified.text);
});

test.run();
