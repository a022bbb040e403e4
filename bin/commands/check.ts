import { rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { accept } from '../../campaign/accept.ts';
import { command } from '../command.ts';
import { campaignSetup, composePlan } from '../compose.ts';
import { runExit } from '../exit-code.ts';
import { jsonProgress } from '../narrator.ts';
import { quickPlan } from '../quick-plan.ts';
import { tellEnd } from '../summary.ts';
import { version } from '../version.ts';

export const check = command({
  usage: 'check',
  describe: 'This node, quickly, for a health hook: exit code and one verdict',
  examples: [['check --quick', '≤ 30 s: readiness, right results; 1 only when something is wrong']],
  options: (yargs) =>
    yargs
      .option('quick', { type: 'boolean', default: true, describe: 'One trial a case' })
      .option('out', {
        type: 'string',
        describe: 'Keep the run here; left out: one folder of the system, the last run only',
      }),
  async run(args, io) {
    const composed = quickPlan(await composePlan({}));
    const own = join(tmpdir(), `assay-check-${userInfo().uid}`);
    if (args.out === undefined) await rm(own, { recursive: true, force: true });
    const setup = await campaignSetup(composed, version(), io.signal);
    const result = await accept(composed.plan, {
      ...setup,
      out: args.out ?? own,
      ...(io.json && { progress: jsonProgress(io) }),
    });
    if (result.sealed) io.verdictAt(join(result.path, 'verdict.json'));
    tellEnd(result, io);
    return runExit(result);
  },
});
