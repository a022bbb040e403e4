import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startSshd, type TestSshd } from '../sshd.ts';
import {
  BABBLE,
  FORGED_EXIT,
  fastSupervisor,
  faults,
  plant,
  plantInterpreter,
  plantTorch,
} from './broken-host.ts';
import { blame, leftBehind, verdictOf, words, Workplace } from './command-line.ts';
import { matmulPlan, quickPlan } from './quick-plan.ts';

const test = suite('nodes that are broken');

const at = new Workplace();
test.after(() => at.remove());

/** Runs a plan on as many hosts as there are breakers, each of which breaks one. */
async function accept(
  name: string,
  plan: (fleet: Readonly<Record<string, unknown>>) => object,
  breakers: readonly ((home: string) => void)[],
  more: Readonly<Record<string, unknown>> = {},
) {
  const sshd: TestSshd = await startSshd({ hosts: breakers.length });
  try {
    for (const [index, breaker] of breakers.entries()) breaker(sshd.hosts[index]?.home ?? '');
    at.write(`${name}.yaml`, plan({ runner: 'ssh', ...sshd.options(more) }));
    const ran = await at.run('accept', `${name}.yaml`, '--out', name);
    const homes = sshd.hosts.map((host) => host.home);
    assert.equal(await leftBehind(homes), []);
    return { ...ran, run: at.runs(name)[0] };
  } finally {
    await sshd.stop();
  }
}

const good = () => undefined;

test('no Python and no torch are no fault of the node; a wrong product is', async () => {
  const wrong = (home: string) =>
    plantTorch(
      home,
      'real = torch.mm\ndef mm(a, b, **given):\n    made = real(a, b, **given)\n    made[0, 0] += 1\n    return made\ntorch.mm = mm',
    );
  const { code, text, run } = await accept('wrong', matmulPlan, [
    good,
    (home) => plant(home, faults.noPython),
    (home) => plant(home, faults.noTorch),
    wrong,
  ]);
  assert.is(code, 1, text);
  assert.equal(words(run), {
    n0001: 'pass',
    n0002: 'not-tested',
    n0003: 'not-tested',
    n0004: 'fail',
  });
  const { n0002, n0003, n0004 } = blame(run);
  assert.equal([n0002, n0003, n0004], ['harness NO_PYTHON', 'harness NO_TORCH', undefined]);
  const { nodes, lot } = verdictOf(run);
  assert.match(nodes[3]?.reasons.join() ?? '', /matmul\.gemm\.correct|correct/u);
  assert.is(lot.rejected, 1);
  assert.match(text, /FAIL (?:correct|matmul\.gemm\.reference) .*n0004/u);
  const verified = await at.run('verify', run ?? '');
  assert.is(verified.code, 0, verified.text);
});

test('what a node prints can only harm itself', async () => {
  const { code, text, run } = await accept('prints', quickPlan, [
    good,
    (home) => plant(home, faults.gigabyte),
    (home) => plant(home, faults.binary),
    (home) => plant(home, faults.forgedDone),
    (home) => plant(home, faults.foreignAccelerator),
  ]);
  assert.is(code, 1, text);
  assert.equal(words(run), {
    n0001: 'pass',
    n0002: 'fail',
    n0003: 'fail',
    n0004: 'fail',
    n0005: 'fail',
  });
  assert.equal(blame(run), {
    n0002: 'node OUTPUT_OVER_LIMIT',
    n0003: 'node OUTPUT_INCOMPLETE',
    n0004: 'node OUTPUT_INCOMPLETE',
    n0005: 'node OUTPUT_UNREADABLE',
  });
  assert.not.match(text, /[^\n\P{Cc}]/u);
  const verified = await at.run('verify', run ?? '');
  assert.is(verified.code, 0, verified.text);
});

test('nodes whose supervisor talks nonsense, or forges its exits, do not hold up the others', async () => {
  const { code, text, run } = await accept('babble', quickPlan, [
    good,
    (home) => plantInterpreter(home, BABBLE),
    (home) => plantInterpreter(home, FORGED_EXIT),
  ]);
  assert.is(code, 3, text);
  assert.equal(words(run), { n0001: 'pass', n0002: 'not-tested', n0003: 'not-tested' });
  assert.equal(blame(run), { n0002: 'reach SSH_LOST', n0003: 'harness NO_DONE' });
});

test('a program that hangs after its start is the node’s: HANG', async () => {
  const hang = (home: string) => {
    plantInterpreter(home, fastSupervisor(60));
    plant(
      home,
      `if probe:\n    sys.executable = ${JSON.stringify(`${home}/interpreter`)}\nif work:\n    import time\n    say("begun")\n    time.sleep(3600)`,
    );
  };
  const { code, text, run } = await accept('hang', quickPlan, [good, hang], { lease: '10 h' });
  assert.is(code, 1, text);
  assert.equal(words(run), { n0001: 'pass', n0002: 'fail' });
  assert.equal(blame(run), { n0002: 'node HANG' });
});

test.run();
