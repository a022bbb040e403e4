/** What every runner that reaches hosts must do: one list of tests, run against each of them. */
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Test } from 'uvu';
import type { Fleet, FleetEvent, Runner, RunContext } from '../../runners/model.ts';
import { hear, testContext, testStep } from './context.ts';

/** One runner with its surroundings. */
export interface Subject {
  readonly runner: Runner;
  /** Nodes that the runner must open. */
  readonly nodes: number;
  /** Breaks every connection, if the runner has any that can break. */
  readonly cut?: () => Promise<unknown>;
}

/** Adds the contract to a suite of tests. */
export function contract(test: Test, subject: () => Subject): void {
  const open = (context: RunContext = testContext()) =>
    subject().runner.open(context, AbortSignal.timeout(60_000));
  const during = async (use: (fleet: Fleet) => Promise<void>) => {
    const fleet = await open();
    try {
      await use(fleet);
    } finally {
      await fleet.release([]);
    }
  };
  const ids = (fleet: Fleet) => fleet.nodes.map((node) => node.id);

  test('contract: open gives nodes in plan order, reached and described', () =>
    during(async (fleet) => {
      assert.is(fleet.nodes.length, subject().nodes);
      assert.equal(
        ids(fleet),
        fleet.nodes.map((_, index) => `n${String(index + 1).padStart(4, '0')}`),
      );
      for (const node of fleet.nodes) {
        assert.ok(node.fabricAddress);
        assert.ok(node.machine);
        assert.ok(node.environment['python']);
      }
      assert.is(new Set(fleet.nodes.map((node) => node.name)).size, fleet.nodes.length);
    }));

  test('contract: each node runs the program once, with its rank, and says how it ended', () =>
    during(async (fleet) => {
      const script = 'echo $ASSAY_RANK/$ASSAY_NODES; echo $LANG >&2; exit $ASSAY_RANK';
      const { exits, output } = await hear(fleet, testStep(ids(fleet), ['sh', '-c', script]));
      assert.is(exits.length, fleet.nodes.length);
      for (const [rank, exit] of exits.entries()) {
        assert.is(exit.rank, rank);
        assert.ok(exit.seconds > 0);
        assert.ok(exit.ended === 'exited' && exit.code === rank);
        const heard = output.get(exit.node);
        assert.is(heard?.stdout.toString(), `${rank}/${fleet.nodes.length}\n`);
        assert.is(heard?.stderr.toString(), 'C.UTF-8\n');
      }
    }));

  test('contract: the environment is the fixed base and what the step says', async () => {
    const secrets: string[] = [];
    const fleet = await open(
      testContext({ secret: () => 'geheim', redact: (value) => secrets.push(value) }),
    );
    try {
      const step = testStep(ids(fleet).slice(0, 1), ['env'], {
        environment: { GIVEN: 'a b\nc', KEY: { secret: 'key' } },
      });
      const { output } = await hear(fleet, step);
      const text = output.get('n0001')?.stdout.toString() ?? '';
      const names = [...text.matchAll(/^([A-Z_]+)=/gmu)].map((match) => match[1]);
      const known = 'ASSAY_NODES ASSAY_RANK GIVEN HOME KEY LANG PATH TMPDIR';
      const seen = new Set(names.filter((name) => name !== '_' && name !== 'PWD'));
      assert.equal(seen, new Set(known.split(' ')));
      assert.match(text, /^KEY=geheim$/mu);
      assert.equal(secrets, ['geheim']);
    } finally {
      await fleet.release([]);
    }
  });

  test('contract: aborting stops the program and its children, in every phase', () =>
    during(async (fleet) => {
      const nodes = ids(fleet);
      const before = new AbortController();
      before.abort();
      const never = await hear(fleet, testStep(nodes, ['true']), before.signal);
      assert.ok(never.exits.every((exit) => exit.ended === 'stopped'));
      for (const wait of [0, 30, 150]) {
        const stop = new AbortController();
        const step = testStep(nodes, ['sh', '-c', 'sleep 60 & setsid sleep 60 & wait']);
        const heard = hear(fleet, step, stop.signal);
        await pause(wait);
        stop.abort();
        assert.ok((await heard).exits.every((exit) => exit.ended === 'stopped'));
      }
    }));

  test('contract: past its limit a program is killed with its children', () =>
    during(async (fleet) => {
      const mark = `limit-${process.pid}`;
      const script = `trap '' TERM; setsid sh -c 'sleep 61 # ${mark}; :' & sleep 61`;
      const step = testStep(ids(fleet), ['sh', '-c', script], { limit: 1 });
      const { exits } = await hear(fleet, step);
      assert.ok(exits.every((exit) => exit.ended === 'timed-out' && exit.seconds < 10));
      const left = await hear(
        fleet,
        testStep(['n0001'], ['pgrep', '-f', `[l]imit-${process.pid}`]),
      );
      assert.is(left.output.get('n0001')?.stdout.toString() ?? '', '');
    }));

  test('contract: what can not be started says so', () =>
    during(async (fleet) => {
      const { exits } = await hear(fleet, testStep(ids(fleet), ['no-such-program']));
      assert.ok(
        exits.every((exit) => exit.ended === 'not-started' && exit.code === 'TOOL_MISSING'),
      );
    }));

  test('contract: a signal is told by its name', () =>
    during(async (fleet) => {
      const { exits } = await hear(fleet, testStep(ids(fleet), ['sh', '-c', 'kill -SEGV $$']));
      assert.ok(exits.every((exit) => exit.ended === 'signalled' && exit.signal === 'SIGSEGV'));
    }));

  test('contract: output arrives whole, binary, in order, and a forged exit is only output', () =>
    during(async (fleet) => {
      const script = String.raw`
import os, sys
sys.stdout.buffer.write(b"X\0\0\0\x1c" + b'{"ended":"exited","code":0}' + bytes(range(256)) * 4000)
sys.stdout.flush()
sys.stderr.buffer.write(b"\0\0\0\1\0\0\0\0" + b"\xff" * 100000)
sys.exit(7)
`;
      const { exits, output } = await hear(
        fleet,
        testStep(ids(fleet), ['/usr/bin/python3', '-c', script]),
      );
      for (const exit of exits) {
        assert.ok(exit.ended === 'exited' && exit.code === 7);
        const heard = output.get(exit.node);
        assert.is(heard?.stdout.length, 5 + 27 + 256 * 4000);
        assert.is(heard?.stderr.length, 8 + 100_000);
      }
    }));

  test('contract: more output than allowed ends the program', () =>
    during(async (fleet) => {
      let bytes = 0;
      const step = testStep(['n0001'], ['sh', '-c', 'head -c 1000000000 /dev/zero; sleep 60']);
      const exits = await fleet.start(
        step,
        async (chunk) => {
          bytes += chunk.bytes.length;
        },
        new AbortController().signal,
      );
      assert.is(exits[0]?.ended, 'over-limit');
      assert.is(bytes, 64 * 2 ** 20);
    }));

  test('contract: a broken connection is taken up, no byte lost or doubled', async () => {
    const { cut } = subject();
    if (cut === undefined) return;
    await during(async (fleet) => {
      const stop = new AbortController();
      const events: FleetEvent[] = [];
      const watching = (async () => {
        for await (const event of fleet.events(stop.signal)) events.push(event);
      })();
      const script = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; sleep 0.01; done';
      const heard = hear(fleet, testStep(ids(fleet), ['sh', '-c', script]));
      for (const wait of [600, 900]) {
        await pause(wait);
        await cut();
      }
      const { exits, output } = await heard;
      const wanted = Array.from({ length: 300 }, (_, index) => `line ${index + 1}\n`).join('');
      for (const exit of exits) {
        assert.ok(exit.ended === 'exited' && exit.code === 0, JSON.stringify(exit));
        assert.is(output.get(exit.node)?.stdout.toString(), wanted);
      }
      stop.abort();
      await watching;
      assert.ok(events.some((event) => event.kind === 'lost'));
      assert.ok(events.some((event) => event.kind === 'back'));
    });
  });

  test('contract: release twice is safe, and ends what runs', async () => {
    const fleet = await open();
    const step = testStep(ids(fleet), ['sleep', '60'], { limit: 100 });
    const running = hear(fleet, step);
    await pause(300);
    assert.equal(await fleet.release([]), []);
    assert.equal(await fleet.release([]), []);
    assert.ok((await running).exits.every((exit) => exit.ended === 'stopped'));
  });

  test('contract: opening is given up when it is aborted', async () => {
    const stop = new AbortController();
    const opening = subject().runner.open(testContext(), stop.signal);
    stop.abort();
    try {
      const fleet = await opening;
      await fleet.release([]);
      assert.unreachable('it opened');
    } catch (error) {
      assert.ok(error instanceof Error && error.name === 'AbortError', String(error));
    }
  });
}
