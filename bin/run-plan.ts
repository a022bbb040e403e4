/** plan.json of a run directory. */
import { join } from 'node:path';
import { readJson } from '../campaign/directory/json.ts';
import { planShape } from '../campaign/directory/shapes.ts';
import type { Plan } from '../plan/model.ts';

/** @throws {HarnessError} RUN_UNREADABLE, RUN_SCHEMA_NEWER */
export function planOfRun(path: string): Promise<Plan> {
  return readJson(join(path, 'plan.json'), 'plan', 1, planShape);
}
