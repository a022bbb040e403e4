/** The runs of a delivery: what the history has of them, held against the run directories that are still there. */
import { basename, join } from 'node:path';
import { HarnessError } from '../../plan/errors.ts';
import type { Plan } from '../../plan/model.ts';
import type { DeliveryRun, NotCounted } from '../../verdicts/model.ts';
import { readJson } from '../directory/json.ts';
import { hashFile } from '../directory/manifest.ts';
import { manifestShape, privateShape } from '../directory/shapes.ts';
import { isThere } from '../directory/writer.ts';
import { runBatch } from './ingest.ts';
import { recordRun } from './record.ts';
import { runFolders, sealedManifest, type RunFolder } from './run-folders.ts';
import type { History } from './store.ts';
import { deliveryOf, termsOf } from './terms.ts';

/** Runs that claim a delivery. */
export interface DeliveryRuns {
  /** Sealed, every file as its manifest says; in the order in which they were sealed. */
  readonly runs: readonly DeliveryRun[];
  readonly notCounted: readonly NotCounted[];
  /** References of the deliveries that the history holds, sorted. */
  readonly known: readonly string[];
  /** `<run>/<node>` → host name, where the run's private.json is still there: for a terminal, never for a file. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Brings the history up to the run directories, then reads the runs that claim a delivery; those that
 * can't be counted are named with the reason. A run whose directory is gone counts as it was recorded.
 *
 * @param out folder of run directories
 * @param reference contract reference
 * @throws {HarnessError} RUN_UNREADABLE when there is no such folder
 */
export async function deliveryRuns(
  history: History,
  out: string,
  reference: string,
): Promise<DeliveryRuns> {
  const notCounted: NotCounted[] = [];
  const known = new Set<string>();
  const names = new Map<string, string>();
  const seen = new Set<string>();
  const refused = new Set<string>();
  for (const one of await runFolders(out)) {
    const { folder, plan } = one;
    if (plan instanceof HarnessError) {
      const why = `${plan.message}: whose it is can't be told`;
      notCounted.push({ run: folder, why, bars: true });
      continue;
    }
    if (plan.purpose !== undefined) continue;
    known.add(deliveryOf(plan));
    if (deliveryOf(plan) !== reference) continue;
    const read = await takeIn(history, one, seen);
    if ('why' in read) {
      notCounted.push({ run: folder, why: read.why, bars: read.bars });
      if (read.run !== undefined) refused.add(read.run);
    } else {
      for (const [node, name] of await namesOf(one.path)) names.set(`${read.run}/${node}`, name);
    }
  }
  const rows = await history.database.all(
    `SELECT run, record FROM runs WHERE delivery = $reference AND record IS NOT NULL
     ORDER BY sealed_at, run`,
    { reference },
  );
  const others = await history.database.all('SELECT DISTINCT delivery FROM runs');
  for (const { delivery } of others) known.add(String(delivery));
  // A spoiled copy beside an intact one is named, and the intact one counts.
  const counts = (run: string) => seen.has(run) || !refused.has(run);
  const runs = rows
    .filter(({ run }) => counts(String(run)))
    .map(({ run, record }): DeliveryRun => ({
      ...(JSON.parse(String(record)) as Omit<DeliveryRun, 'run'>),
      run: String(run),
    }));
  return { runs, notCounted, known: [...known].sort(), names };
}

/**
 * Takes in every sealed acceptance run below `out` that the history has not: what nights are held against.
 *
 * @returns folders that can't count, with the reason
 */
export async function takeInRuns(history: History, out: string): Promise<readonly NotCounted[]> {
  if (!(await isThere(out))) return [];
  const refused: NotCounted[] = [];
  const seen = new Set<string>();
  const has = (folder: string) => history.has(runBatch(folder));
  for (const one of await runFolders(out, has)) {
    if (one.plan instanceof HarnessError || one.plan.purpose !== undefined) continue;
    const read = await takeIn(history, one, seen);
    if ('why' in read) refused.push({ run: one.folder, why: read.why, bars: read.bars });
  }
  return refused;
}

/** A run directory of the delivery, recorded; or why it can't count, with the run whose record it spoils. */
async function takeIn(
  history: History,
  { path }: RunFolder,
  seen: Set<string>,
): Promise<
  { readonly run: string } | { readonly why: string; readonly bars: boolean; readonly run?: string }
> {
  const manifest = await sealedManifest(path);
  if ('why' in manifest) {
    const run = await recordedAs(history, path);
    return { ...manifest, ...(run !== undefined && manifest.bars && { run }) };
  }
  const { run } = manifest;
  if (seen.has(run)) return { why: `it is a copy of run ${run}`, bars: false };
  seen.add(run);
  if (!(await isThere(join(path, 'verdict.json')))) {
    return { why: 'it has no verdict.json', bars: true };
  }
  await recordRun(history, path, manifest);
  const [row] = await history.database.all('SELECT manifest FROM runs WHERE run = $run', { run });
  if (row?.['manifest'] === (await hashFile(join(path, 'manifest.json')))) return { run };
  seen.delete(run);
  return { why: 'its manifest is not the one that the history has of it', bars: true, run };
}

/** The run that a spoiled directory was recorded as: by its manifest, or by its folder's name. */
async function recordedAs(history: History, path: string): Promise<string | undefined> {
  let run = basename(path);
  try {
    ({ run } = await readJson(join(path, 'manifest.json'), 'manifest', 1, manifestShape));
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
  }
  const [row] = await history.database.all('SELECT run FROM runs WHERE run = $run', { run });
  return row === undefined ? undefined : run;
}

async function namesOf(path: string): Promise<ReadonlyMap<string, string>> {
  const file = join(path, 'private.json');
  if (!(await isThere(file))) return new Map();
  const { nodes } = await readJson(file, 'private', 1, privateShape);
  return new Map(nodes.map((node) => [node.id, node.name]));
}

/**
 * The first sealed run that claims the plan's delivery under other terms.
 *
 * @returns its folder's name; undefined: the delivery is free, or claimed under these terms
 */
export async function claimedOtherwise(out: string, plan: Plan): Promise<string | undefined> {
  if (!(await isThere(out))) return undefined;
  const terms = termsOf(plan);
  for (const one of await runFolders(out)) {
    if (one.plan instanceof HarnessError || one.plan.purpose !== undefined) continue;
    if (deliveryOf(one.plan) !== deliveryOf(plan) || termsOf(one.plan) === terms) continue;
    if (await isThere(join(one.path, 'manifest.json'))) return one.folder;
  }
  return undefined;
}
