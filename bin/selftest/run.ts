/** One run of the real campaign on the simulated fleet, with something broken or nothing. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { accept } from '../../campaign/accept.ts';
import type { CampaignResult } from '../../campaign/setup.ts';
import { verifyRun } from '../../campaign/verify.ts';
import type { Plan } from '../../plan/model.ts';
import type { PlacedStep, Runner, Simulate } from '../../runners/model.ts';
import { runners } from '../../runners/registry.ts';
import type { Fault } from '../../runners/sim/options.ts';
import { createJudge } from '../judging.ts';
import { campaignSetup, simulateWith, type Composed } from '../compose.ts';
import { leapingClock } from './clock.ts';
import type { Break, Edit } from './model.ts';

const DAY = 24 * 3600;

/** What the runs of one selftest share. */
export interface Bench {
  /** The plan on its simulated fleet. */
  readonly composed: Composed;
  /** Folder for runs; thrown away at the end. */
  readonly folder: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/**
 * Runs the plan with a break in place, to its sealed end.
 *
 * @param id name of the run's folder
 * @throws {HarnessError} as a run does
 */
export async function runBroken(
  bench: Bench,
  id: string,
  broken: Break,
): Promise<CampaignResult & { readonly attempts: readonly string[] }> {
  const plan = broken.plan?.(bench.composed.plan) ?? bench.composed.plan;
  const clock = leapingClock();
  const interrupt = new AbortController();
  const attempts: string[] = [];
  const setup = await campaignSetup(
    { ...bench.composed, plan, useRunner: () => simRunner(plan, broken.faults ?? []) },
    bench.version,
    AbortSignal.any([bench.signal, interrupt.signal]),
  );
  const simulate = simulateWith(bench.composed.units);
  const result = await accept(plan, {
    ...setup,
    out: bench.folder,
    id,
    clock,
    simulate: broken.bytes === undefined ? simulate : edited(simulate, broken.bytes),
    progress(event) {
      if (event.kind !== 'attempt-end') return;
      attempts.push(event.attempt.id);
      if (attempts.length !== broken.after?.attempts) return;
      if (broken.after.happens === 'a-day') clock.leap(DAY);
      else interrupt.abort('SIGINT');
    },
  });
  return { ...result, attempts };
}

/** What verification says of a copy of a run with its files broken. */
export async function verifyBroken(
  bench: Bench,
  run: string,
  id: string,
  disk: (run: string) => Promise<void>,
): Promise<readonly string[]> {
  const copy = join(bench.folder, id);
  await cp(run, copy, { recursive: true });
  await disk(copy);
  const { problems } = await verifyRun(copy, {
    createJudge,
    revive: async () => bench.composed.units,
  });
  return problems.map(({ file, what }) => `${file}: ${what}`);
}

function simRunner(plan: Plan, faults: readonly Fault[]): Promise<Runner> {
  const sim = runners.find((one) => one.id === 'sim');
  if (sim === undefined) throw new Error('there is no sim runner');
  return sim.revive({ ...plan.fleet.options, faults }).use();
}

/** The suites' own simulation with other bytes: what a node prints is broken where it is printed. */
function edited(simulate: Simulate, edit: Edit): Simulate {
  return (step, node, others) => {
    const text = [...simulate(step, node, others)].join('');
    const lines = text.split('\n');
    // What comes after the last line end is no line.
    if (lines.at(-1) === '') lines.pop();
    const place = { step, node: node.node.id, trial: trialOf(step) };
    return edit(lines, place).map((line) => `${line}\n`);
  };
}

function trialOf(step: PlacedStep): number {
  return Number(/#(\d+)\/\d+$/u.exec(step.attempt)?.[1] ?? 0);
}
