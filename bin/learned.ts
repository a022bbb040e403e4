/** What an earlier run tells about a run to come: its nodes, how long trials took, how well they repeat. */
import { openRun } from '../campaign/directory/reader.ts';
import type { Learned } from '../campaign/estimate.ts';
import type { Node } from '../runners/model.ts';

/** An earlier run on this fleet, or on a part of it. */
export interface LearnedRun extends Learned {
  readonly nodes: readonly Node[];
  /** Nodes of its fleet, those that were missing or left out among them. */
  readonly size: number;
}

/** Trials of a case that tell how much their lengths differ. */
const ENOUGH = 3;
const LENGTH_SPREAD = 0.06;

/** @throws {HarnessError} RUN_UNREADABLE */
export async function learnedFrom(path: string): Promise<LearnedRun> {
  const run = await openRun(path);
  try {
    const seconds = new Map<string, number[]>();
    for await (const attempt of run.attempts()) {
      if (attempt.outcome?.status !== 'measured') continue;
      const own = seconds.get(attempt.trial.case) ?? [];
      own.push(attempt.seconds);
      seconds.set(attempt.trial.case, own);
    }
    return {
      nodes: run.fleet.nodes.map((node): Node => ({ ...node, name: '', fabricAddress: '' })),
      size: run.fleet.nodes.length + run.fleet.missing.length,
      lengths: new Map([...seconds].map(([id, all]) => [id, lengths(all)] as const)),
      repeatability: run.verdict?.errorRates.repeatability ?? [],
    };
  } finally {
    await run.close();
  }
}

/**
 * The nodes of a run to come: those of the earlier one where it had them all, else the plan's, as many
 * to a machine as there.
 */
export function nodesLike(planned: readonly Node[], known: readonly Node[]): readonly Node[] {
  if (known.length >= planned.length) return known;
  const machines = new Set(known.map(({ machine }) => machine)).size;
  // All on one machine: so will the others be.
  const together =
    machines === 1 && known.length > 1 ? planned.length : Math.round(known.length / machines);
  const [example] = known;
  return planned.map((node, at) => ({
    ...node,
    accelerators: example?.accelerators ?? node.accelerators,
    ...(together > 1 && { machine: `machine-${Math.floor(at / together)}` }),
  }));
}

function lengths(all: readonly number[]) {
  const sorted = [...all].sort((a, b) => a - b);
  const seconds = sorted[Math.floor(sorted.length / 2)] as number;
  if (sorted.length < ENOUGH || seconds <= 0) return { seconds, spread: LENGTH_SPREAD };
  const mean = sorted.reduce((sum, one) => sum + Math.log(Math.max(one, 1e-3)), 0) / sorted.length;
  const squares = sorted.reduce((sum, one) => sum + (Math.log(Math.max(one, 1e-3)) - mean) ** 2, 0);
  return { seconds: Math.exp(mean), spread: Math.sqrt(squares / (sorted.length - 1)) };
}
