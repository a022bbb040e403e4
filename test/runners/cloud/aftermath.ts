/** What a process leaves that ended in the midst, the same for each provider: taken up, swept, interrupted, kept. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { World } from '../../../fixtures/clouds/model.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { HarnessError } from '../../../plan/errors.ts';
import { Intents } from '../../../runners/cloud/intents.ts';
import { requestToken } from '../../../runners/cloud/ownership.ts';
import type { RunContext } from '../../../runners/model.ts';
import type { SweepRequest } from '../../../runners/swept.ts';
import {
  givenBack,
  journalled,
  ours,
  planeOf,
  provisioned,
  PUBLIC_KEY,
  quickClock,
  type Subject,
} from './plane.ts';

/** Things that one run of eight machines makes. */
interface Footprint {
  /** Kind of a machine, in the stand-in's words. */
  readonly machine: string;
  /** A list that a sweep needs. */
  readonly listed: string;
  /** The provider's words for "you may not". */
  readonly forbidden: readonly [code: string, status: number];
}

/** Sweeps as the command does. */
export function sweepOf(subject: Subject, standIn: Serving, more: Partial<SweepRequest>) {
  const runner = subject.runner(standIn.url, quickClock(subject.factor));
  if (runner.sweep === undefined) throw new Error(`${subject.provider} sweeps`);
  const now = new Date();
  const request = { apply: false, runs: [], expired: true, now, standIn: true, ...more };
  return runner.sweep(request, AbortSignal.timeout(30_000));
}

const never = () => new AbortController().signal;

/** Adds the tests to a suite. */
export function addAftermath(test: Test, subject: Subject, footprint: Footprint): void {
  const { provider, launch, launches = 1 } = subject;
  const state = mkdtempSync(join(tmpdir(), 'assay-state-'));
  const before = process.env['XDG_STATE_HOME'];
  test.before(() => {
    process.env['XDG_STATE_HOME'] = state;
  });
  test.after(() => {
    assert.equal(readdirSync(join(state, 'assay/keys')), [], 'a key outlives no machine');
    if (before === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = before;
    rmSync(state, { recursive: true, force: true });
  });
  const against = async (world: Partial<World>, what: (standIn: Serving) => Promise<void>) => {
    const standIn = await serve(provider, { boot: 'none', ...world });
    try {
      await what(standIn);
    } finally {
      await standIn.close();
    }
  };
  const sweep = (standIn: Serving, more: Partial<SweepRequest>) => sweepOf(subject, standIn, more);

  test('a crash between send and answer finds its machines again: the same call, once', () =>
    against({}, async (standIn) => {
      const plane = await planeOf(subject, standIn, 8);
      const { intents, provisioner, context } = plane;
      const marks = await intents.marks(context.run, 'tester', context.expires);
      const [place = ''] = provisioner.places;
      for (let ordinal = 1; ordinal <= launches; ordinal += 1) {
        const token = requestToken(40, context.run, provider, place, ordinal);
        const ask = { token, count: 8 / launches, place, ordinal };
        await intents.add({ act: 'launch', ...ask });
        await provisioner.launch({ ...ask, marks, publicKey: PUBLIC_KEY }, never());
      }
      // Killed here: the answer is on no record. The next process knows the journal only.
      const again = await subject.connect(standIn.url, quickClock(subject.factor), 8, 1);
      const next = { ...plane, provisioner: again, intents: new Intents(context, provider) };
      const { slots = [] } = await provisioned(next, 8, 8);
      assert.is(slots.filter((one) => 'machine' in one).length, 8);
      const machines = ours(standIn).filter(({ kind }) => kind === footprint.machine);
      assert.is(machines.length, 8, 'no machine is made twice');
      await givenBack(next);
      assert.equal(ours(standIn), []);
    }));

  test('a killed run is taken up with its own machines, node for node, and nothing is launched', () =>
    against({}, async (standIn) => {
      const plane = await planeOf(subject, standIn, 8);
      const { slots } = await provisioned(plane, 8, 8);
      const ids = slots?.map((one) => ('machine' in one ? one.machine.id : ''));
      assert.equal(new Intents(plane.context, provider).slots(), ids);
      // No machine of this world can be reached: what could not be opened is given back.
      assert.is(await refused(subject, standIn, plane.context), 'FLEET_UNREACHABLE');
      assert.is(standIn.calls.get(launch), launches);
      assert.equal(ours(standIn), []);
    }));

  test('after a release, other machines never take the place of those that were measured', () =>
    against({}, async (standIn) => {
      const plane = await planeOf(subject, standIn, 8);
      await provisioned(plane, 8, 8);
      await givenBack(plane);
      assert.is(await refused(subject, standIn, plane.context), 'PROVIDER_GONE');
      assert.equal(ours(standIn), []);
    }));

  test('a look deletes nothing; what is not expired and not named is not even shown', () =>
    against({}, async (standIn) => {
      const others = standIn.held().length;
      const plane = await planeOf(subject, standIn, 8);
      await provisioned(plane, 8, 8);
      const held = ours(standIn).length;
      assert.equal((await sweep(standIn, {})).leftovers, []);
      const { run } = plane.context;
      const looked = await sweep(standIn, { runs: [run] });
      assert.is(looked.leftovers.length, held);
      assert.ok(looked.leftovers.every((one) => one.state === 'found' && one.run === run));
      assert.is(ours(standIn).length, held);
      const swept = await sweep(standIn, { runs: [run], apply: true });
      assert.is(swept.leftovers.filter((one) => one.state === 'deleted').length, held);
      assert.equal(ours(standIn), []);
      assert.is(standIn.held().length, others, 'the neighbours live on');
    }));

  test('past its expiry all of ours goes, and a neighbour with marks like ours stays', () =>
    against({}, async (standIn) => {
      const others = standIn.held().length;
      await provisioned(await planeOf(subject, standIn, 8), 8, 8);
      const now = new Date(Date.now() + 48 * 3_600_000);
      const swept = await sweep(standIn, { now, apply: true });
      assert.equal(swept.blind, []);
      assert.equal(ours(standIn), []);
      assert.is(standIn.held().length, others);
    }));

  test('where it may not look is not empty', () =>
    against({}, async (standIn) => {
      const [code, status] = footprint.forbidden;
      standIn.script({ operation: footprint.listed, does: 'error', code, status, times: 10 });
      try {
        const { blind } = await sweep(standIn, {});
        assert.ok(blind.length > 0);
      } catch (error) {
        assert.instance(error, HarnessError);
        assert.is((error as HarnessError).code, 'PROVIDER_PERMISSION');
      }
    }));

  test('what can not be deleted is named', () =>
    against({ undeletable: 1 }, async (standIn) => {
      const plane = await planeOf(subject, standIn, 8);
      await provisioned(plane, 8, 8);
      const swept = await sweep(standIn, { runs: [plane.context.run], apply: true });
      const left = swept.leftovers.filter((one) => one.state === 'left').map(({ id }) => id);
      assert.equal(
        left.sort(),
        ours(standIn)
          .map(({ id }) => id)
          .sort(),
      );
      assert.ok(left.length > 0);
    }));

  test('a machine that is kept as evidence stays, with what it lies in; the others go', () =>
    against({}, async (standIn) => {
      const plane = await planeOf(subject, standIn, 8);
      const { slots = [] } = await provisioned(plane, 8, 8);
      const [kept = ''] = slots.flatMap((one) => ('machine' in one ? [one.machine.id] : []));
      const erased = await givenBack(plane, new Set([kept]));
      assert.equal(erased.left, []);
      const machines = ours(standIn).filter(({ kind }) => kind === footprint.machine);
      assert.equal(
        machines.map(({ id }) => id),
        [kept],
      );
      await givenBack(plane);
      assert.equal(ours(standIn), []);
    }));

  test('an interrupt at any step of opening gives back what was made', async () => {
    for (const wait of [5, 40, 120, 250]) {
      await against({ startingFor: 150 }, async (standIn) => {
        const { context } = journalled();
        const stop = new AbortController();
        const timer = setTimeout(() => stop.abort(new DOMException('SIGINT', 'AbortError')), wait);
        try {
          await subject.runner(standIn.url, quickClock(subject.factor)).open(context, stop.signal);
          assert.unreachable('it opened');
        } catch (error) {
          if (!(error instanceof HarnessError)) assert.is((error as Error).name, 'AbortError');
        } finally {
          clearTimeout(timer);
        }
        assert.equal(ours(standIn), [], `stopped after ${wait} ms`);
      });
    }
  });

  test('the journal holds the intent before the call, and no key', () =>
    against({}, async (standIn) => {
      const { context, records } = journalled();
      const plane = { ...(await planeOf(subject, standIn, 8)), context };
      let told = 0;
      const intents = new Intents(
        {
          pending: () => [],
          intent: async (record) => {
            if (record['act'] === 'launch') told += standIn.calls.get(launch) ?? 0;
            await context.intent(record);
          },
        },
        provider,
      );
      await provisioned({ ...plane, intents }, 8, 8);
      assert.is(told, 0, 'on record before it is sent');
      assert.not.match(
        JSON.stringify(records),
        /ssh-ed25519|PRIVATE|cloud-config|UserData|I2Nsb3VkLWNvbmZpZ/u,
      );
      await givenBack(plane);
      assert.equal(ours(standIn), []);
    }));
}

/** The code by which a runner does not open. */
async function refused(subject: Subject, standIn: Serving, context: RunContext): Promise<string> {
  const runner = subject.runner(standIn.url, quickClock(subject.factor));
  try {
    await runner.open(context, AbortSignal.timeout(30_000));
  } catch (error) {
    if (error instanceof HarnessError) return error.code;
    throw error;
  }
  throw new Error('it opened');
}
