/** What the campaign adds to trials that cost nothing: every host sleeps 5 s, three times. */
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { accept } from '../campaign/accept.ts';
import { readJournal } from '../campaign/journal.ts';
import { loadPlan } from '../plan/load.ts';
import { entry } from '../plan/options.ts';
import { createInventory } from '../runners/inventory/suite.ts';
import { runners } from '../runners/registry.ts';
import { sessionReader } from '../suites/session-reader.ts';
import { createJudge } from '../verdicts/judge.ts';
import type { LoopbackFleet } from '../test/loopback-fleet.ts';
import { sleepSuite } from './sleep-suite.mjs';

/** Seconds that a trial sleeps, and trials a host. */
export const SLEEP = 5;
export const TRIALS = 3;

/** Of one campaign of sleeping trials. */
export interface Slept {
  /** Trials that ended in measured. */
  readonly measured: number;
  /** Seconds from the first trial's start to the last attempt's end, by the journal. */
  readonly seconds: number;
  /** Processor time of the controller in between, seconds. */
  readonly cpu: number;
  readonly lot: string | undefined;
}

const sleep = sleepSuite({ seconds: SLEEP, trials: TRIALS, sessionReader });

/** Runs the three trials of every host, one round, and accounts for them. */
export async function sleepingCampaign(fleet: LoopbackFleet): Promise<Slept> {
  const file = await fleet.plan({
    name: 'sleep',
    suites: ['sleep: {}'],
    criteria: Array.from(
      { length: TRIALS },
      (_, turn) =>
        `- { id: slept-${turn}, metric: sleep.done, per: node, where: { turn: ${turn} }, source: bench }`,
    ),
  });
  const inventory = createInventory();
  const { plan, runner, suites } = await loadPlan(
    { file, text: await readFile(file, 'utf8') },
    {
      runners,
      suites: [entry('sleep', z.strictObject({}), async () => sleep)],
      always: [inventory],
    },
  );
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  let begun: NodeJS.CpuUsage | undefined;
  let cpu = 0;
  const result = await accept(plan, {
    out: join(fleet.sshd.folder, 'runs'),
    runner: await runner.use(),
    units: { inventory, suites },
    createJudge,
    version: 'bench',
    signal: stop.signal,
    progress(event) {
      if (event.kind === 'attempt-start' && event.case.startsWith('sleep.')) {
        begun ??= process.cpuUsage();
      }
      if (event.kind === 'attempt-end' && begun !== undefined) {
        const { user, system } = process.cpuUsage(begun);
        cpu = (user + system) / 1e6;
      }
    },
  });
  const times: number[] = [];
  let measured = 0;
  for await (const event of readJournal(join(result.path, 'journal.ndjson'))) {
    if (event.event === 'trial-start' && event.case.startsWith('sleep.'))
      times.push(Date.parse(event.at));
    if (event.event !== 'attempt-end' || !event.attempt.startsWith('sleep.')) continue;
    times.push(Date.parse(event.at));
    if (event.outcome?.status === 'measured') measured += 1;
  }
  const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
  return { measured, seconds, cpu, lot: result.judgement?.verdict.lot.verdict };
}
