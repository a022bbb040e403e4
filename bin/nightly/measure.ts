/** One run of a night: the plan's fleet, some of its nodes, one trial of each case. */
import { rm } from 'node:fs/promises';
import { accept } from '../../campaign/accept.ts';
import type { Measure } from '../../campaign/nightly/model.ts';
import { HarnessError } from '../../plan/errors.ts';
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
    let chosen = false;
    try {
      return await accept(night.plan, {
        ...setup,
        runner: selectNodes(setup.runner, async (fleet) => {
          const ids = await choose(fleet.nodes);
          chosen = ids.length > 0;
          return ids;
        }),
        out,
        progress: io.json ? jsonProgress(io) : textProgress(io),
        report: async (run) => {
          await writeReports(run, STANDARD_REPORTS, run.path);
        },
      });
    } catch (error) {
      if (!chosen) throw await withoutTrace(error);
      throw error;
    }
  };
}

/** A run that took no node leaves nothing behind. */
async function withoutTrace(error: unknown): Promise<unknown> {
  if (!(error instanceof HarnessError)) return error;
  const { code, message, hint, details } = error;
  if (typeof details['run'] === 'string')
    await rm(details['run'], { recursive: true, force: true });
  return new HarnessError(code, message, { hint });
}
