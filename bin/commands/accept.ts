import { join } from 'node:path';
import { accept as acceptRun } from '../../campaign/accept.ts';
import { command } from '../command.ts';
import { campaignSetup, composePlan } from '../compose.ts';
import { runExit } from '../exit-code.ts';
import { lintOrThrow } from '../linted.ts';
import { jsonProgress, textProgress } from '../narrator.ts';
import { tellEnd } from '../summary.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

export const accept = command({
  usage: 'accept [plan]',
  describe: 'Open the fleet, run the suites, judge as it goes, release, report',
  examples: [
    ['accept', 'this machine, on its built-in plan'],
    ['accept lot7.yaml --out runs', 'a delivery; the run is runs/<id>/'],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'Plan file; left out: this machine' })
      .option('out', {
        type: 'string',
        default: 'runs',
        describe: 'Folder for runs, existing or new',
      })
      .option('seed', { type: 'number', describe: "In place of the plan's seed" }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan, seed: args.seed });
    const plan = lintOrThrow(composed);
    const setup = await campaignSetup({ ...composed, plan }, version(), io.signal);
    const result = await acceptRun(plan, {
      ...setup,
      out: args.out,
      progress: io.json ? jsonProgress(io) : textProgress(io),
      report: async (run) => {
        await writeReports(run, STANDARD_REPORTS, run.path);
      },
    });
    if (result.sealed) io.verdictAt(join(result.path, 'verdict.json'));
    tellEnd(result, io);
    return runExit(result);
  },
});
