/** The provider's own reports of rejected nodes: prepared when a run ends, sent only when someone says so. */
import { join } from 'node:path';
import { HarnessError } from '../plan/errors.ts';
import type { Fault, Runner } from '../runners/model.ts';
import { writeJson } from './directory/json.ts';
import type { FaultsFile, RunReader } from './directory/model.ts';
import type { Progress } from './progress.ts';

/** Rejected nodes, with when they were seen. */
export async function faultsOf(
  run: Pick<RunReader, 'verdict' | 'fleet' | 'attempts'>,
): Promise<readonly Fault[]> {
  const rejected = (run.verdict?.nodes ?? []).filter(({ verdict }) => verdict === 'fail');
  if (rejected.length === 0) return [];
  const seen = new Map<string, { from: string; to: string }>();
  for await (const { trial, startedAt, seconds } of run.attempts()) {
    const end = new Date(Date.parse(startedAt) + seconds * 1000).toISOString();
    for (const node of trial.nodes) {
      const { from, to } = seen.get(node) ?? { from: startedAt, to: end };
      seen.set(node, { from: from < startedAt ? from : startedAt, to: to > end ? to : end });
    }
  }
  const known = new Map(run.fleet.nodes.map((node) => [node.id, node]));
  return rejected.flatMap(({ id, reasons }) => {
    const span = seen.get(id);
    return span === undefined
      ? []
      : [{ node: id, identity: known.get(id)?.identity ?? [], reasons, ...span }];
  });
}

/**
 * Writes faults.json where the runner has a provider to tell and a node was rejected. Nothing is sent; that it
 * could not be prepared is said, and is no failure of the run.
 */
export async function prepareFaults(
  run: Pick<RunReader, 'path' | 'plan' | 'verdict' | 'fleet' | 'attempts'>,
  runner: Runner,
  signal: AbortSignal,
  progress: Progress,
): Promise<FaultsFile | undefined> {
  if (runner.reportFaults === undefined) return undefined;
  const faults = await faultsOf(run);
  if (faults.length === 0) return undefined;
  try {
    const standIn = run.plan.fleet.standIn === true;
    const reports = await runner.reportFaults(faults, false, standIn, signal);
    const file: FaultsFile = { schema: 'assay/faults/1', sent: false, reports };
    await writeJson(join(run.path, 'faults.json'), file);
    return file;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    progress({ kind: 'warning', message: `no fault report was prepared: ${error.message}` });
    return undefined;
  }
}
