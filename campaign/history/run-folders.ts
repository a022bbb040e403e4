/** Run directories below `--out`: what the history is fed from. Only this file knows where they are kept. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { Plan } from '../../plan/model.ts';
import { readJson, unreadable } from '../directory/json.ts';
import type { Manifest } from '../directory/model.ts';
import { planShape } from '../directory/shapes.ts';
import { isThere } from '../directory/writer.ts';
import { checkJournal, checkManifest, type Problem } from '../verify-files.ts';

/** A run directory with its plan, or why that can't be read. */
export interface RunFolder {
  readonly folder: string;
  readonly path: string;
  readonly plan: Plan | HarnessError;
}

/**
 * Every run directory, by name.
 *
 * @param skip folders that need not be looked into
 * @throws {HarnessError} RUN_UNREADABLE when there is no such folder
 */
export async function runFolders(
  out: string,
  skip: (folder: string) => boolean = () => false,
): Promise<readonly RunFolder[]> {
  const found: RunFolder[] = [];
  for (const folder of await folders(resolve(out))) {
    if (skip(folder)) continue;
    const path = join(resolve(out), folder);
    const file = join(path, 'plan.json');
    if (!(await isThere(file))) continue;
    try {
      found.push({ folder, path, plan: await readJson(file, 'plan', 1, planShape) });
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      found.push({ folder, path, plan: error });
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

/** Holds a run's files against its manifest. @returns the manifest, or why the run can't count */
export async function sealedManifest(
  path: string,
): Promise<Manifest | { readonly why: string; readonly bars: boolean }> {
  if (!(await isThere(join(path, 'manifest.json')))) {
    return { why: 'it is not sealed: go on with it by `assay resume`', bars: false };
  }
  const problems: Problem[] = [];
  const manifest = await checkManifest(path, '', problems);
  await checkJournal(path, manifest, problems);
  const [first] = problems;
  if (first === undefined && manifest !== undefined) return manifest;
  const what = first === undefined ? 'its manifest is missing' : `${first.file}: ${first.what}`;
  return { why: `its files are not those that were sealed (${what})`, bars: true };
}
