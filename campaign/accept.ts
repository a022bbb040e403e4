/** The two ways into a run: a new one from its plan, and an interrupted one. */
import type { Plan } from '../plan/model.ts';
import { systemClock } from './clock.ts';
import { createRun, newRunId, reopenRun } from './directory/writer.ts';
import { Campaign } from './run.ts';
import type { CampaignResult, CampaignSetup } from './setup.ts';

/**
 * Runs a plan.
 *
 * @param setup.out folder that gets `<id>/`
 * @param setup.id absent: a new one
 * @throws {HarnessError} no node (as the runner says), FLEET_UNREACHABLE, DISK_FULL: the run is kept,
 * its nodes are released, `details.run` names it
 */
export async function accept(
  plan: Plan,
  setup: CampaignSetup & { readonly out: string; readonly id?: string },
): Promise<CampaignResult> {
  const { now } = setup.clock ?? systemClock;
  const files = await createRun(setup.out, setup.id ?? newRunId(now()), plan, now);
  return new Campaign(files, setup).run();
}

/**
 * Goes on with an interrupted run: finished trials are not repeated.
 *
 * @throws {HarnessError} as `accept`; RUN_SEALED, RUN_UNREADABLE, RUN_SCHEMA_NEWER
 */
export async function resume(path: string, setup: CampaignSetup): Promise<CampaignResult> {
  const files = await reopenRun(path, (setup.clock ?? systemClock).now);
  return new Campaign(files, setup).run();
}
