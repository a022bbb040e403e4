import { rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { accept } from '../../campaign/accept.ts';
import { healthHook } from '../../runners/slurm/health.ts';
import { baselinePlan } from '../baseline-plan.ts';
import { command } from '../command.ts';
import { campaignSetup, composePlan } from '../compose.ts';
import { runExit } from '../exit-code.ts';
import { jsonProgress } from '../narrator.ts';
import { quickPlan } from '../quick-plan.ts';
import { actForSlurm } from '../slurm-hook.ts';
import { tellEnd } from '../summary.ts';
import { version } from '../version.ts';

export const check = command({
  usage: 'check',
  describe: 'This node, quickly, for a health hook: exit code and one verdict',
  examples: [
    ['check --quick', '≤ 30 s: readiness, right results; 1 only when something is wrong'],
    [
      'check --quick --slurm-health --baseline RUN',
      'as HealthCheckProgram or Prolog: drained on a fail only, measured by an accepted run',
    ],
  ],
  options: (yargs) =>
    yargs
      .option('quick', { type: 'boolean', default: true, describe: 'One trial a case' })
      .option('baseline', {
        type: 'string',
        describe: 'An accepted run of such nodes: its lowest part sets the limits',
      })
      .option('tolerance', {
        type: 'number',
        default: 0.1,
        describe: '--baseline: share that this node may be below that part',
      })
      .option('within', {
        type: 'number',
        default: 25,
        describe: 'Seconds in which trials may start and end; a HealthCheckProgram is killed at 60',
      })
      .option('slurm-health', {
        type: 'boolean',
        default: false,
        describe: 'Called by slurmd: drains this node itself on a fail; exit 0 unless it fails',
      })
      .option('out', {
        type: 'string',
        describe: 'Keep the run here; left out: one folder of the system, the last run only',
      }),
  async run(args, io) {
    const composed =
      args.baseline === undefined
        ? quickPlan(await composePlan({}), args.within)
        : await baselinePlan(args.baseline, args.tolerance, args.within);
    const whose = args['slurm-health'] ? `-${healthHook(process.env).node}` : '';
    const own = join(tmpdir(), `assay-check-${userInfo().uid}${whose}`);
    if (args.out === undefined) await rm(own, { recursive: true, force: true });
    const setup = await campaignSetup(composed, version(), io.signal);
    const result = await accept(composed.plan, {
      ...setup,
      out: args.out ?? own,
      ...(io.json && { progress: jsonProgress(io) }),
    });
    if (result.sealed) io.verdictAt(join(result.path, 'verdict.json'));
    tellEnd(result, io);
    if (args['slurm-health']) await actForSlurm(result, io);
    return runExit(result);
  },
});
