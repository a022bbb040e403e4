/** The first half of verification: every file is the one that was sealed, every stream the one that was measured. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarnessError, systemCode } from '../plan/errors.ts';
import { canonicalFile } from './directory/canonical.ts';
import { readJson } from './directory/json.ts';
import { coveredFiles, hashFile } from './directory/manifest.ts';
import type { Manifest } from './directory/model.ts';
import { manifestShape } from './directory/shapes.ts';
import { isThere } from './directory/writer.ts';
import { EvidenceReader } from './evidence/reader.ts';
import { readJournal } from './journal.ts';

/** What is wrong, and with which file. */
export interface Problem {
  /** Path from the run directory. */
  readonly file: string;
  readonly what: string;
}

/** Whether a file of the manifest may be missing here. */
export type MayMiss = (file: string, sha256: string) => boolean;

/**
 * Checks a folder against its manifest.json.
 *
 * @param mayMiss absent: host names may have been left out of a copy
 * @returns the manifest, where it could be read
 */
export async function checkManifest(
  root: string,
  prefix: string,
  problems: Problem[],
  mayMiss: MayMiss = (file) => file === 'private.json',
): Promise<Manifest | undefined> {
  const name = `${prefix}manifest.json`;
  const path = join(root, name);
  const manifest = await attempt(name, problems, () =>
    readJson(path, 'manifest', 1, manifestShape),
  );
  if (manifest === undefined) return undefined;
  if ((await readFile(path, 'utf8')) !== canonicalFile(manifest)) {
    problems.push({ file: name, what: 'it is not spelled as it was written' });
  }
  const folder = resolve(root, prefix);
  for (const [file, { sha256, bytes }] of Object.entries(manifest.files)) {
    const what = await fileProblem(join(folder, file), sha256, bytes);
    if (what === 'is missing' && mayMiss(file, sha256)) continue;
    if (what !== undefined) problems.push({ file: prefix + file, what });
  }
  for (const file of await coveredFiles(folder)) {
    if (Object.hasOwn(manifest.files, file)) continue;
    problems.push({ file: prefix + file, what: 'is not in the manifest' });
  }
  return manifest;
}

/**
 * Checks what was added after sealing: each has its own manifest, with the hash of the run's and of the
 * one before it.
 *
 * @returns prefixes of the folders
 */
export async function checkLater(root: string, problems: Problem[]): Promise<readonly string[]> {
  const parent = await hashFile(join(root, 'manifest.json'));
  const names = await namesIn(root, 'later', problems);
  const numbers = names.filter((name) => /^[1-9]\d*$/u.test(name)).map(Number);
  for (const name of names.filter((one) => !/^[1-9]\d*$/u.test(one))) {
    const what = name.endsWith('.tmp') ? 'was never finished: remove it' : 'is no part of the run';
    problems.push({ file: `later/${name}`, what });
  }
  let previous: string | undefined;
  for (let number = 1; number <= Math.max(0, ...numbers); number += 1) {
    const prefix = `later/${number}/`;
    const file = `${prefix}manifest.json`;
    if (!numbers.includes(number)) {
      problems.push({ file, what: 'is missing, and later ones are there: the chain is cut' });
      previous = undefined;
      continue;
    }
    const manifest = await checkManifest(root, prefix, problems, () => false);
    if (manifest !== undefined && manifest.parent !== parent) {
      problems.push({ file, what: 'belongs to another run' });
    } else if (manifest !== undefined && manifest.previous !== previous) {
      problems.push({ file, what: 'does not follow on what is before it: the chain is cut' });
    }
    if (await isThere(join(root, prefix, 'later'))) {
      problems.push({ file: `${prefix}later`, what: 'is no part of the run' });
    }
    previous = manifest === undefined ? undefined : await hashFile(join(root, file));
  }
  return numbers.sort((a, b) => a - b).map((number) => `later/${number}/`);
}

/** Checks that the journal is whole and of this run. */
export async function checkJournal(
  root: string,
  manifest: Manifest | undefined,
  problems: Problem[],
): Promise<void> {
  const file = 'journal.ndjson';
  await attempt(file, problems, async () => {
    let run: string | undefined;
    let version: string | undefined;
    let sealedAt: string | undefined;
    for await (const event of readJournal(join(root, file))) {
      if (event.event === 'run-start') ({ run, version } = event);
      if (event.event === 'sealed') ({ sealedAt } = event);
    }
    if (manifest === undefined) return;
    const same: readonly (readonly [string, string | undefined, string])[] = [
      ['run', run, manifest.run],
      ['version', version, manifest.version],
      ['sealedAt', sealedAt, manifest.sealedAt],
    ];
    for (const [field, journal, sealed] of same) {
      if (journal === sealed) continue;
      const what = `${field} is ${sealed}, the journal says ${journal ?? 'nothing'}`;
      problems.push({ file: 'manifest.json', what });
    }
  });
}

/**
 * Reads every stream of the evidence and compares bytes, hash and lines with the index.
 *
 * @param withheld whether a segment was left out of this copy
 * @returns attempts with a stream in such a segment
 */
export async function checkEvidence(
  root: string,
  problems: Problem[],
  withheld: (segment: string) => boolean,
): Promise<ReadonlySet<string>> {
  const unread = new Set<string>();
  const evidence = new EvidenceReader(join(root, 'evidence'));
  const index = 'evidence/index.ndjson';
  try {
    await attempt(index, problems, async () => {
      for await (const entry of evidence.streams()) {
        if (entry.blocks.some(({ segment }) => withheld(segment))) {
          unread.add(entry.attempt);
          continue;
        }
        const file = `evidence/${entry.blocks[0]?.segment ?? 'index.ndjson'}`;
        await attempt(file, problems, async () => {
          let bytes = 0;
          let lines = 0;
          let last = 10;
          for (const part of evidence.bytes(entry)) {
            bytes += part.length;
            for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) lines += 1;
            last = part.at(-1) ?? last;
          }
          if (last !== 10) lines += 1;
          if (bytes === entry.bytes && lines === entry.lines) return;
          const what = `${entry.key}: ${bytes} bytes and ${lines} lines, the index says ${entry.bytes} and ${entry.lines}`;
          problems.push({ file: index, what });
        });
      }
    });
  } finally {
    await evidence.close();
  }
  return unread;
}

/** Runs a check; a file that can't be read is a problem of that file, and the others are still checked. */
export async function attempt<T>(
  file: string,
  problems: Problem[],
  check: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    // What is known to be damaged may lead anywhere; where nothing is, it is a bug of ours.
    if (!(error instanceof HarnessError) && problems.length === 0) throw error;
    const what = error instanceof Error ? error.message : String(error);
    problems.push({ file, what });
    return undefined;
  }
}

async function fileProblem(
  path: string,
  sha256: string,
  bytes: number,
): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size !== bytes) return `has ${size} bytes, manifest.json says ${bytes}`;
    return (await hashFile(path)) === sha256
      ? undefined
      : 'has another SHA-256 than manifest.json says';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'is missing';
    throw error;
  }
}

/** Names in a folder of the run, sorted; none where it is not there. A file in its place is a problem. */
export async function namesIn(
  root: string,
  folder: string,
  problems: Problem[],
): Promise<string[]> {
  try {
    return (await readdir(join(root, folder))).sort();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return [];
    if (code !== 'ENOTDIR') throw error;
    problems.push({ file: folder, what: 'is a file where a folder belongs' });
    return [];
  }
}
