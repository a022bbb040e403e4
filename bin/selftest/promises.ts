/** Which cases and which printed lines a criterion rests on. */
import type { Criterion } from '../../plan/model.ts';
import { matches } from '../../plan/subject.ts';
import type { Case } from '../../suites/model.ts';
import type { Printed } from './edits.ts';

/** Ids of the cases that give what a criterion is judged on. */
export function casesOf(criterion: Criterion, cases: readonly Case[]): ReadonlySet<string> {
  return new Set(
    cases
      .filter((one) =>
        one.gives.some(
          (give) =>
            give.metric === criterion.metric &&
            matches(criterion.where, give.parameters ?? one.parameters),
        ),
      )
      .map((one) => one.id),
  );
}

/**
 * Whether a printed sample or check is what the criterion rests on. A collective prints times, from which
 * its bandwidths are computed, and says less of its parameters than its case does.
 */
export function concerns(criterion: Criterion, line: Printed, accelerator: number): boolean {
  const name = line['kind'] === 'sample' ? line['metric'] : line['name'];
  if (typeof name !== 'string' || familyOf(name) !== familyOf(criterion.metric)) return false;
  if (criterion.decide === 'exact' && name !== criterion.metric) return false;
  const said = (line['parameters'] ?? {}) as Readonly<Record<string, unknown>>;
  const fits = Object.entries(criterion.where).every(
    ([key, value]) => said[key] === undefined || said[key] === value,
  );
  const index = line['accelerator'];
  return fits && (index === undefined || criterion.per !== 'accelerator' || index === accelerator);
}

function familyOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}
