/** Verification put together: the judge, the units of a plan, and the reports that every run gets. */
import type { Trust } from '../campaign/signatures/check.ts';
import { verifyRun, type Verified } from '../campaign/verify.ts';
import { composeRun } from './compose.ts';
import { createJudge } from './judging.ts';
import { version } from './version.ts';
import { STANDARD_REPORTS, writeReports } from './write-reports.ts';

/** @throws {HarnessError} as `verifyRun` */
export function verified(path: string, trust: Trust): Promise<Verified> {
  return verifyRun(path, {
    createJudge,
    revive: async (plan) => (await composeRun(plan)).units,
    trust,
    reports: {
      version: version(),
      render: (run, into) => writeReports(run, STANDARD_REPORTS, into, { signatures: [] }),
    },
  });
}
