import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StreamEntry } from '../../campaign/directory/model.ts';
import { openRun, type OpenRun } from '../../campaign/directory/reader.ts';
import { startSshd, type TestSshd } from '../sshd.ts';
import { fastSupervisor, plant, plantInterpreter } from './broken-host.ts';
import { attemptsOf, leftBehind, verdictOf, words, Workplace } from './command-line.ts';
import { pairPlan, quickPlan } from './quick-plan.ts';

const test = suite('ranks that do not arrive, clocks that differ');

const at = new Workplace();
let sshd: TestSshd;
test.before.each(async () => {
  sshd = await startSshd({ hosts: 2 });
});
test.after.each(() => sshd.stop());
test.after(() => at.remove());

const homes = () => sshd.hosts.map((host) => host.home);

/** The payload's own wait for its ranks, made short: 4 s for 60 s. */
const IMPATIENT = `
import argparse
real = argparse.ArgumentParser.parse_args
def impatient(self, *given, **named):
    options = real(self, *given, **named)
    if hasattr(options, "init_limit"):
        options.init_limit = 4.0
    return options
argparse.ArgumentParser.parse_args = impatient
`;

test('a rank that ends before it arrives is named, not its peer', async () => {
  const [first = '', second = ''] = homes();
  plant(first, IMPATIENT);
  plant(second, 'if work:\n    os._exit(3)');
  at.write('plan.yaml', pairPlan({ runner: 'ssh', ...sshd.options() }));
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'ends');
  const [run] = at.runs('ends');
  const failed = attemptsOf(run).find((one) => one.outcome?.status === 'failed')?.outcome;
  assert.equal(failed?.suspects, ['n0002'], text);
  assert.is(failed?.owner, 'node');
  assert.is(code, 1, text);
  assert.is.not(words(run)['n0001'], 'fail');
  assert.is(words(run)['n0002'], 'fail');
  assert.equal(await leftBehind(homes()), []);
});

test('a rank that hangs is named, not its peer that waited', async () => {
  const [first = '', second = ''] = homes();
  plant(first, IMPATIENT);
  plantInterpreter(second, fastSupervisor(20));
  plant(
    second,
    `if probe:\n    sys.executable = ${JSON.stringify(`${second}/interpreter`)}\nif work:\n    import time\n    time.sleep(3600)`,
  );
  at.write('plan.yaml', pairPlan({ runner: 'ssh', ...sshd.options({ lease: '10 h' }) }));
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'hangs');
  const [run] = at.runs('hangs');
  const failed = attemptsOf(run).find((one) => one.outcome?.status === 'failed')?.outcome;
  assert.equal(failed?.suspects, ['n0002'], text);
  assert.is(failed?.owner, 'node');
  assert.is(code, 1, text);
  assert.is.not(words(run)['n0001'], 'fail');
  assert.equal(await leftBehind(homes()), []);
});

/** When telemetry of a stream was taken, by the clock of its node. */
async function telemetryTimes(run: OpenRun, stream: StreamEntry): Promise<readonly number[]> {
  const parts: Uint8Array[] = [];
  for await (const bytes of run.bytes(stream)) parts.push(bytes);
  return Buffer.concat(parts)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.includes('"kind": "watch"'))
    .map((line) => (JSON.parse(line) as { at: number }).at);
}

test('a clock that is an hour off changes no verdict, and telemetry is joined by it', async () => {
  const [, second = ''] = homes();
  plant(second, 'import time\nreal = time.time\ntime.time = lambda: real() + 3600');
  at.write('plan.yaml', quickPlan({ runner: 'ssh', ...sshd.options() }));
  const { code, text } = await at.run('accept', 'plan.yaml', '--out', 'clock');
  assert.is(code, 0, text);
  const [run = ''] = at.runs('clock');
  assert.is(verdictOf(run).lot.accepted, 2);
  const open = await openRun(run);
  try {
    const seen = new Map<string, [number, number]>();
    for await (const stream of open.streams()) {
      for (const time of await telemetryTimes(open, stream)) {
        const [low, high] = seen.get(stream.attempt) ?? [Infinity, -Infinity];
        seen.set(stream.attempt, [Math.min(low, time), Math.max(high, time)]);
      }
    }
    let joined = 0;
    for await (const { attempt, window } of open.samples()) {
      const [low, high] = seen.get(attempt) ?? [0, 0];
      if (window === undefined) continue;
      joined += 1;
      // One look a second: the telemetry of the attempt reaches around the window.
      assert.ok(
        window[0] >= low - 2 && window[1] <= high + 2,
        `${attempt}: ${window.join()} in ${low},${high}`,
      );
    }
    assert.ok(joined >= 4, String(joined));
  } finally {
    await open.close();
  }
});

test.run();
