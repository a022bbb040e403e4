/** The plan for "this machine": what `assay accept` runs when no plan is named (FACTS.md F's shape). */
import { stringify } from 'yaml';
import type { Part } from '../model.ts';
import { floorsOf } from './floors.ts';
import { partById } from './parts.ts';

/** What was found on this machine. */
export interface ThisMachine {
  /** A catalogue id, or any name for a part that the catalogue lacks. */
  readonly sku: string;
  readonly accelerators: number;
}

const GIB = 2 ** 30;

/**
 * The built-in plan as YAML text.
 *
 * A part in the catalogue gets its floors; one that is not is measured without criteria, so that no run
 * of it can end in accept; the CPU proves the tool.
 */
export function builtinPlan({ sku, accelerators }: ThisMachine): string {
  const part = partById(sku);
  const floors = floorsOf(sku, 'own', accelerators);
  return stringify({
    assay: 1,
    delivery: {
      reference: 'this machine',
      provider: 'own',
      sku,
      count: 1,
      'accelerators-per-node': accelerators,
    },
    fleet: { runner: 'local' },
    suites: part?.kind === 'cpu' ? cpuSuites : acceleratorSuites(part, accelerators),
    criteria: floors.length > 0 ? [{ from: 'catalogue', scopes: ['node'] }] : [],
    ...(part?.kind === 'cpu' && { decision: cpuDecision }),
  });
}

/** Small on two cores: one collective, sizes and shapes as the suites choose for a CPU. */
const cpuSuites = {
  matmul: {},
  nccl: { collectives: ['all_reduce'], scopes: ['node'] },
  inference: {},
};

/** Five trials buy 96.9 %: enough to prove the tool, and said so. */
const cpuDecision = { sigma: 'none', 'max-trials': 5, 'consumer-risk': 0.032 };

function acceleratorSuites(part: Part | undefined, accelerators: number) {
  // The largest size whose buffer is a quarter of the memory at most.
  const largest = (part?.memory?.value ?? 0) < 70e9 ? 8 : 16;
  const sizes = [8, 2 ** 20, GIB, largest * GIB].map((bytes) => `${bytes} B`);
  const nccl = { collectives: ['all_reduce', 'alltoall'], scopes: ['node'], sizes };
  return { matmul: {}, ...(accelerators > 1 && { nccl }), inference: {} };
}
