/** Puts a run together: plan, runner, suites, inventory, companion, judge. */
import { readFile } from 'node:fs/promises';
import type { CampaignSetup } from '../campaign/setup.ts';
import type { Units } from '../campaign/units.ts';
import { unitOf } from '../campaign/units.ts';
import { HarnessError, systemCode } from '../plan/errors.ts';
import { loadPlan } from '../plan/load.ts';
import type { Plan } from '../plan/model.ts';
import { createInventory } from '../runners/inventory/suite.ts';
import type { Runner, Simulate } from '../runners/model.ts';
import { runners } from '../runners/registry.ts';
import { companion } from '../suites/companion/suite.ts';
import type { Suite } from '../suites/model.ts';
import { suites } from '../suites/registry.ts';
import { createJudge } from './judging.ts';
import { onlyNodes } from './only.ts';
import { withStandIn } from './stand-in.ts';
import { thisMachinePlan } from './this-machine.ts';

/** A plan with everything that runs it. */
export interface Composed {
  readonly plan: Plan;
  readonly units: Units;
  /** Imports the runner and its SDK. */
  useRunner(): Promise<Runner>;
}

/** Where a plan comes from: a file, or this machine. */
export interface PlanChoice {
  /** Path of the YAML file; absent: the built-in plan of this machine. */
  readonly file?: string | undefined;
  /** In place of the plan's seed. */
  readonly seed?: number | undefined;
}

/**
 * Reads a plan and composes it.
 *
 * @throws {HarnessError} PLAN_INVALID and its like, with every mistake and its place; USAGE
 */
export async function composePlan({ file, seed }: PlanChoice): Promise<Composed> {
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new HarnessError('USAGE', `--seed ${seed} is not a whole number from 0 on`, {
      hint: 'E.g. --seed 1.',
    });
  }
  const source =
    file === undefined
      ? { file: '', text: await thisMachinePlan() }
      : { file, text: await planText(file) };
  const inventory = createInventory();
  const loaded = await loadPlan(source, { runners, suites, always: [inventory, companion] });
  const plan: Plan =
    seed === undefined
      ? loaded.plan
      : { ...loaded.plan, seed, origins: { ...loaded.plan.origins, seed: '--seed' } };
  return {
    plan,
    units: unitsOf(plan, loaded.suites),
    useRunner: () => runnerOf(plan),
  };
}

/**
 * Composes what a run's plan.json names, with the options of then.
 *
 * @throws {HarnessError} RUN_UNREADABLE where it names a unit that this version does not have
 */
export async function composeRun(plan: Plan): Promise<Composed> {
  unit(runners, plan.fleet.runner);
  const revived: Suite[] = [];
  for (const { id, options } of plan.suites) {
    revived.push(await unit(suites, id).revive(options).use());
  }
  return {
    plan,
    units: unitsOf(plan, revived),
    useRunner: () => runnerOf(plan),
  };
}

function unit<U>(entries: readonly { id: string; revive(options: object): U }[], id: string) {
  const entry = entries.find((one) => one.id === id);
  if (entry !== undefined) return entry;
  throw new HarnessError('RUN_UNREADABLE', `plan.json names "${id}", which is unknown here`, {
    hint: 'Use the version of assay that wrote the run (manifest.json says which).',
  });
}

/** The runner of a plan; where the plan wants a stand-in for its provider, that is started. */
async function runnerOf(plan: Plan): Promise<Runner> {
  const { runner, options, standIn } = plan.fleet;
  const addressed = standIn === true ? await withStandIn(runner, options) : options;
  return unit(runners, runner).revive(addressed).use();
}

function unitsOf(plan: Plan, ours: readonly Suite[]): Units {
  const { become, referenceDevices } = plan.fleet;
  const inventory = createInventory({
    ...(become && { become }),
    ...(referenceDevices !== undefined && { referenceDevices }),
  });
  return { inventory, suites: ours, companion };
}

async function planText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new HarnessError('PLAN_INVALID', `${file}: can't be read (${code})`, {
      hint: 'Name a plan file; `assay init plan.yaml` writes one.',
      cause: error,
    });
  }
}

/** What a simulated node prints: the suite that asked for a step knows. */
export function simulateWith(units: Units): Simulate {
  return (step, node, others) => {
    const unit = unitOf(units, step.suite);
    if (unit === undefined || !('simulate' in unit)) {
      throw new TypeError(`no unit simulates steps of ${step.suite}`);
    }
    return (unit as Pick<Suite, 'simulate'>).simulate(step, node, others);
  };
}

/** What `accept` and `resume` need of a composed plan. */
export async function campaignSetup(
  composed: Composed,
  version: string,
  signal: AbortSignal,
): Promise<
  Pick<
    CampaignSetup,
    'runner' | 'units' | 'createJudge' | 'version' | 'signal' | 'simulate' | 'secret'
  >
> {
  return {
    runner: onlyNodes(await composed.useRunner(), composed.plan.only),
    units: composed.units,
    createJudge,
    version,
    signal,
    simulate: simulateWith(composed.units),
    secret: (name) => process.env[name],
  };
}
