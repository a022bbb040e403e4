/** A plan's nominal figures against the parts of an earlier run. */
import { openRun } from '../campaign/directory/reader.ts';
import type { Criterion, Plan } from '../plan/model.ts';
import { matches } from '../plan/subject.ts';
import { cohortRemark, conformingValues } from '../verdicts/lint/cohort.ts';
import type { Remark } from '../verdicts/lint/model.ts';
import type { Finding } from '../verdicts/model.ts';

/**
 * @param like directory of a run that measured what the plan's criteria ask for
 * @throws {HarnessError} RUN_UNREADABLE
 */
export async function cohortRemarks(plan: Plan, like: string): Promise<readonly Remark[]> {
  const run = await openRun(like);
  try {
    const findings = new Map<string, Finding[]>();
    for await (const finding of run.findings()) {
      const own = findings.get(finding.criterion);
      if (own === undefined) findings.set(finding.criterion, [finding]);
      else own.push(finding);
    }
    return plan.criteria.flatMap((criterion) => {
      const same = run.plan.criteria.find((one) => asksTheSame(criterion, one));
      const own = same === undefined ? [] : (findings.get(same.id) ?? []);
      const metric = run.fleet.metrics.find(({ id }) => id === criterion.metric);
      return cohortRemark(criterion, conformingValues(own), metric) ?? [];
    });
  } finally {
    await run.close();
  }
}

function asksTheSame(a: Criterion, b: Criterion): boolean {
  return (
    a.metric === b.metric &&
    a.per === b.per &&
    matches(a.where, b.where) &&
    matches(b.where, a.where)
  );
}
