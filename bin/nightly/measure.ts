/** One run of a night: the plan's fleet, some of its nodes, one trial of each case. */
import { accept } from '../../campaign/accept.ts';
import type { Measure } from '../../campaign/nightly/model.ts';
import { campaignSetup, type Composed } from '../compose.ts';
import { selectNodes } from '../only.ts';
import { jsonProgress, textProgress } from '../narrator.ts';
import type { Io } from '../terminal.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';
import { nightPlan } from './night-plan.ts';

/** @param out folder of runs */
export function measureWith(composed: Composed, out: string, io: Io): Measure {
  return async ({ choose, ...what }) => {
    const night = nightPlan(composed, what);
    const setup = await campaignSetup(night, version(), io.signal);
    return accept(night.plan, {
      ...setup,
      runner: selectNodes(setup.runner, (fleet) => choose(fleet.nodes)),
      out,
      progress: io.json ? jsonProgress(io) : textProgress(io),
      report: async (run) => {
        await writeReports(run, STANDARD_REPORTS, run.path);
      },
    });
  };
}
