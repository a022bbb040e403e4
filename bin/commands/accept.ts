import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { accept as acceptRun } from '../../campaign/accept.ts';
import { claimedOtherwise } from '../../campaign/history/runs.ts';
import { deliveryOf } from '../../campaign/history/terms.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Plan } from '../../plan/model.ts';
import { command } from '../command.ts';
import { campaignSetup, composePlan, type Composed } from '../compose.ts';
import { runExit } from '../exit-code.ts';
import { follow } from '../follow.ts';
import { expense } from '../forecast.ts';
import { lintOrThrow } from '../linted.ts';
import { jsonProgress, textProgress } from '../narrator.ts';
import { readNodes } from '../only.ts';
import { recordResult } from '../record.ts';
import { tellEnd } from '../summary.ts';
import { printable, type Io } from '../terminal.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

export const accept = command({
  usage: 'accept [plan]',
  describe: 'Open the fleet, run the suites, judge as it goes, release, report',
  examples: [
    ['accept', 'this machine, on its built-in plan'],
    ['accept lot7.yaml --out runs', 'a delivery; the run is runs/<id>/'],
    ['accept lot7.yaml --only gpu[003-005].lab', 'test these again; the lot stays whole'],
    ['accept tranche2.yaml --into "MSA-2025-114"', 'count into that delivery: assay history'],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'Plan file; left out: this machine' })
      .option('out', {
        type: 'string',
        default: 'runs',
        describe: 'Folder for runs, existing or new',
      })
      .option('seed', { type: 'number', describe: "In place of the plan's seed" })
      .option('only', {
        type: 'string',
        describe: 'Nodes to test, by id or name: a list, or file:PATH; the others are not tested',
      })
      .option('into', { type: 'string', describe: 'Reference of the delivery to count into' }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan, seed: args.seed });
    const plan = estimated(composed, await partOfDelivery(lintOrThrow(composed), args));
    await refuseOtherTerms(plan, args.out, io);
    const setup = await campaignSetup({ ...composed, plan }, version(), io.signal);
    const result = await withoutTrace(() =>
      acceptRun(plan, {
        ...setup,
        follow,
        out: args.out,
        progress: io.json ? jsonProgress(io) : textProgress(io),
        report: async (run) => {
          await writeReports(run, STANDARD_REPORTS, run.path);
        },
      }),
    );
    if (result.sealed) io.verdictAt(join(result.path, 'verdict.json'));
    await recordResult(result, io);
    tellEnd(result, io);
    return runExit(result);
  },
});

/** The plan with what its run should take, where it says on how many nodes. */
function estimated(composed: Composed, plan: Plan): Plan {
  if (plan.delivery.count === undefined || plan.only !== undefined) return plan;
  const estimate = expense({ ...composed, plan });
  return { ...plan, ...(estimate && { estimate }) };
}

/** The plan with what `--only` and `--into` say of this run. */
async function partOfDelivery(
  plan: Plan,
  { only, into }: { readonly only?: string | undefined; readonly into?: string | undefined },
): Promise<Plan> {
  if (into?.trim() === '') {
    throw new HarnessError('USAGE', '--into names no delivery', {
      hint: "Give the contract's reference, as the plan spells it in delivery.reference.",
    });
  }
  return {
    ...plan,
    ...(only !== undefined && { only: await readNodes(only) }),
    ...(into !== undefined && { into }),
  };
}

/** One delivery, one set of criteria: `--into` refuses others; without it they are only warned of. */
async function refuseOtherTerms(plan: Plan, out: string, io: Io): Promise<void> {
  const other = await claimedOtherwise(out, plan);
  if (other === undefined) return;
  const message = `two plans claiming one delivery: run ${other} of ${JSON.stringify(deliveryOf(plan))} has other criteria or another decision`;
  if (plan.into === undefined) {
    io.err(printable(`  warning: ${message}; this run will not be counted into it`));
    return;
  }
  throw new HarnessError('PLAN_INVALID', message, {
    hint: 'Use the criteria that the delivery began with, or give this run a reference or an --out of its own.',
  });
}

/** A run that `--only` stopped before any node was used leaves nothing to go on with. */
async function withoutTrace<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'USAGE') throw error;
    const { message, hint, details } = error;
    const { run: path } = details;
    if (typeof path === 'string') await rm(path, { recursive: true, force: true });
    throw new HarnessError('USAGE', message, { hint });
  }
}
