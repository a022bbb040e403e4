/** The campaign that is killed and the one that goes on with it: the same in both processes. */
import type { CampaignSetup } from '../../campaign/setup.ts';
import { stream } from '../../plan/random.ts';
import { FakeFleet, fakeRunner } from './fake-fleet.ts';
import { fakeCase, fakeCompanion, fakeJudge, fakeSuite, fakeUnits } from './fake-suite.ts';

/** Six nodes, three cases (one of pairs), three trials each; one node fails, one is slow to be reached. */
export function killedFleet(): FakeFleet {
  return new FakeFleet({
    count: 6,
    process(step, node) {
      if (step.suite === 'inventory') return { output: `machine=${node}\n` };
      if (step.suite === 'companion') return { output: 'heat=40\n', delay: 1 };
      // Drawn anew each time, so that a trial that ran twice would show.
      const value = node === 'n0005' ? 80 + Math.random() : 110 + Math.random();
      const noise = stream(3, step.attempt, node);
      const lines = Array.from({ length: 50 }, () => `log ${noise()}\n`).join('');
      return { output: `${lines}value=${value}\n`, stderr: 'warning\n', delay: Math.random() * 3 };
    },
  });
}

export function killedSetup(fleet: FakeFleet): CampaignSetup {
  return {
    runner: fakeRunner(fleet),
    units: fakeUnits(
      fakeSuite([fakeCase('one'), fakeCase('two'), fakeCase('pair', 'pair')]),
      fakeCompanion,
    ),
    createJudge: fakeJudge(3),
    version: '0.0.0-test',
    signal: new AbortController().signal,
  };
}
