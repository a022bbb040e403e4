/** Lint before anything is touched: errors stop, warnings go into the plan and so into the report. */
import { HarnessError } from '../plan/errors.ts';
import type { Plan } from '../plan/model.ts';
import { lintPlan } from '../verdicts/lint/lint.ts';
import type { Remark } from '../verdicts/lint/model.ts';
import type { Composed } from './compose.ts';

/** What lint says of a composed plan, inventory and companion counted among its suites. */
export function remarksOn({ plan, units }: Composed): readonly Remark[] {
  return lintPlan(plan, units.suites);
}

/** One line a remark. */
export function remarkLine({ level, criterion, message, hint }: Remark): string {
  return `${level}: ${criterion === undefined ? '' : `${criterion}: `}${message} ${hint}`;
}

/**
 * The plan with lint's warnings in it.
 *
 * @throws {HarnessError} CRITERION_INVALID with every error of the lint
 */
export function lintOrThrow(composed: Composed): Plan {
  const remarks = remarksOn(composed);
  const errors = remarks.filter((remark) => remark.level === 'error');
  if (errors.length > 0) {
    throw new HarnessError('CRITERION_INVALID', errors.map(remarkLine).join('\n'), {
      hint: 'Correct the plan; `assay lint PLAN` shows warnings too.',
    });
  }
  const told = remarks.map(({ criterion, message }) =>
    criterion === undefined ? message : `${criterion}: ${message}`,
  );
  // The loader's own warnings are among lint's remarks.
  return { ...composed.plan, warnings: [...new Set([...composed.plan.warnings, ...told])] };
}
