import { join } from 'node:path';
import { resume as resumeRun } from '../../campaign/accept.ts';
import { command } from '../command.ts';
import { campaignSetup, composeRun } from '../compose.ts';
import { runExit } from '../exit-code.ts';
import { follow } from '../follow.ts';
import { jsonProgress, textProgress } from '../narrator.ts';
import { wholePlan } from '../../campaign/directory/private.ts';
import { recordResult } from '../record.ts';
import { tellEnd } from '../summary.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

export const resume = command({
  usage: 'resume <run>',
  describe: 'Go on with an interrupted run: finished trials are not repeated',
  examples: [['resume runs/20261215T081500Z-3f2a', 'from where it was cut off']],
  options: (yargs) =>
    yargs.positional('run', { type: 'string', demandOption: true, describe: 'Run directory' }),
  async run(args, io) {
    const composed = await composeRun(await wholePlan(args.run));
    const setup = await campaignSetup(composed, version(), io.signal);
    const result = await resumeRun(args.run, {
      ...setup,
      follow,
      progress: io.json ? jsonProgress(io) : textProgress(io),
      report: async (run) => {
        await writeReports(run, STANDARD_REPORTS, run.path);
      },
    });
    if (result.sealed) io.verdictAt(join(result.path, 'verdict.json'));
    await recordResult(result, io);
    tellEnd(result, io);
    return runExit(result);
  },
});
