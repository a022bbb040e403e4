/** The runs of a delivery, from the run directories below `--out`. Only this file knows where they are kept. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { Plan } from '../../plan/model.ts';
import type { DeliveryRun, NotCounted } from '../../verdicts/model.ts';
import { readJson, unreadable } from '../directory/json.ts';
import { openRun } from '../directory/reader.ts';
import { planShape } from '../directory/shapes.ts';
import { isThere } from '../directory/writer.ts';
import { checkJournal, checkManifest, type Problem } from '../verify-files.ts';
import { deliveryOf, fleetOf, termsOf } from './terms.ts';

/** Runs that claim a delivery. */
export interface DeliveryRuns {
  /** Sealed, every file as its manifest says; in the order in which they were sealed. */
  readonly runs: readonly DeliveryRun[];
  readonly notCounted: readonly NotCounted[];
  /** References of the deliveries that the folder holds, sorted. */
  readonly known: readonly string[];
}

/**
 * Reads the runs that claim a delivery; those that can't be counted are named with the reason.
 *
 * @param out folder of run directories
 * @param reference contract reference
 * @throws {HarnessError} RUN_UNREADABLE when there is no such folder
 */
export async function deliveryRuns(out: string, reference: string): Promise<DeliveryRuns> {
  const runs = new Map<string, DeliveryRun>();
  const notCounted: NotCounted[] = [];
  const known = new Set<string>();
  for (const { folder, plan } of await plansBelow(out)) {
    if (plan instanceof HarnessError) {
      notCounted.push({
        run: folder,
        why: `${plan.message}: whose it is can't be told`,
        bars: true,
      });
      continue;
    }
    if (plan.purpose !== undefined) continue;
    known.add(deliveryOf(plan));
    if (deliveryOf(plan) !== reference) continue;
    const read = await readRun(join(resolve(out), folder));
    if ('why' in read) notCounted.push({ run: folder, ...read });
    else if (runs.has(read.run)) {
      notCounted.push({ run: folder, why: `it is a copy of run ${read.run}`, bars: false });
    } else runs.set(read.run, read);
  }
  const inOrder = [...runs.values()].sort((a, b) =>
    a.sealedAt === b.sealedAt ? (a.run < b.run ? -1 : 1) : a.sealedAt < b.sealedAt ? -1 : 1,
  );
  return { runs: inOrder, notCounted, known: [...known].sort() };
}

/**
 * The first sealed run that claims the plan's delivery under other terms.
 *
 * @returns its folder's name; undefined: the delivery is free, or claimed under these terms
 */
export async function claimedOtherwise(out: string, plan: Plan): Promise<string | undefined> {
  if (!(await isThere(out))) return undefined;
  const terms = termsOf(plan);
  for (const one of await plansBelow(out)) {
    if (one.plan instanceof HarnessError || one.plan.purpose !== undefined) continue;
    if (deliveryOf(one.plan) !== deliveryOf(plan) || termsOf(one.plan) === terms) continue;
    if (await isThere(join(out, one.folder, 'manifest.json'))) return one.folder;
  }
  return undefined;
}

/** Every run directory, by name, with its plan or why that can't be read. */
async function plansBelow(out: string) {
  const found: { readonly folder: string; readonly plan: Plan | HarnessError }[] = [];
  for (const folder of await folders(resolve(out))) {
    const path = join(resolve(out), folder, 'plan.json');
    if (!(await isThere(path))) continue;
    try {
      found.push({ folder, plan: await readJson(path, 'plan', 1, planShape) });
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      found.push({ folder, plan: error });
    }
  }
  return found;
}

async function folders(out: string): Promise<string[]> {
  try {
    const entries = await readdir(out, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw unreadable(out, `${out} can't be read (${code}): there are no runs`, error);
  }
}

async function readRun(path: string): Promise<DeliveryRun | Omit<NotCounted, 'run'>> {
  if (!(await isThere(join(path, 'manifest.json')))) {
    return { why: 'it is not sealed: go on with it by `assay resume`', bars: false };
  }
  const problems: Problem[] = [];
  const manifest = await checkManifest(path, '', problems);
  await checkJournal(path, manifest, problems);
  const [first] = problems;
  if (first !== undefined || manifest === undefined) {
    const what = first === undefined ? 'its manifest is missing' : `${first.file}: ${first.what}`;
    return { why: `its files are not those that were sealed (${what})`, bars: true };
  }
  const run = await openRun(path);
  try {
    const { plan, verdict, fleet } = run;
    if (verdict === undefined) return { why: 'it has no verdict.json', bars: true };
    const names = new Map(run.private?.nodes.map((node) => [node.id, node.name]));
    return {
      run: manifest.run,
      sealedAt: manifest.sealedAt,
      terms: termsOf(plan),
      fleet: fleetOf(plan, run.private),
      plan,
      verdict,
      nodes: fleet.nodes.map(({ id, identity, domains }) => {
        const name = names.get(id);
        return { id, identity, domains, ...(name !== undefined && { name }) };
      }),
      missing: fleet.missing.length,
    };
  } finally {
    await run.close();
  }
}
