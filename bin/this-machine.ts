/** The built-in plan of this machine: what it has decides. */
import { builtinPlan } from '../plan/catalogue/builtin.ts';
import { partFor } from '../plan/catalogue/parts.ts';
import { run } from '../runners/process.ts';

const ASK = ['nvidia-smi', '--query-gpu=name', '--format=csv,noheader'] as const;
/** Seconds; a sick driver may not answer at all. */
const LIMIT = 60;

/**
 * YAML of the plan: the SKU's where the catalogue knows the accelerator, one that measures and
 * judges nothing where it does not, the reference device's where there is none.
 */
export async function thisMachinePlan(): Promise<string> {
  const asked = await run(ASK, { limit: LIMIT });
  const models =
    asked.ended === 'exited' && asked.code === 0
      ? asked.stdout
          .toString('utf8')
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
      : [];
  if (models.length === 0) return builtinPlan({ sku: 'cpu-reference', accelerators: 1 });
  const part = partFor(models);
  return builtinPlan({ sku: part?.sku ?? (models[0] as string), accelerators: models.length });
}
