/**
 * Keeps a bucket and the history of this machine in step. Files are uploaded first and the catalogue last,
 * where it is still the one that was read: a bucket never names a file that it has not, and of two machines
 * that write at once neither loses a commit.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HarnessError } from '../../plan/errors.ts';
import { canonicalFile } from '../directory/canonical.ts';
import { hashFile } from '../directory/manifest.ts';
import { isThere } from '../directory/writer.ts';
import type { Bucket } from './bucket.ts';
import { CATALOGUE, parseCatalogue } from './catalogue.ts';
import type { Catalogue, StoredFile } from './model.ts';
import type { History } from './store.ts';

/** Times that another machine may come between. */
const TRIES = 5;

/** What a bringing into step moved. */
export interface Synced {
  readonly uploaded: number;
  readonly downloaded: number;
}

/**
 * Brings both into step: what either has, both have.
 *
 * @throws {HarnessError} PROVIDER_TRANSIENT where the bucket does not answer; RUN_UNREADABLE where its files
 * are not those that its catalogue names, or the two histories can't be joined
 */
export async function bringIntoStep(history: History, bucket: Bucket): Promise<Synced> {
  let uploaded = 0;
  let downloaded = 0;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const there = await bucket.read(CATALOGUE);
    const theirs = there && parseCatalogue(there.text, 'the bucket');
    if (theirs !== undefined) {
      await history.adopt(async (ours) => {
        const joined = join(ours, theirs);
        downloaded += await fetchMissing(history, bucket, joined);
        return joined;
      });
    }
    const keys = await bucket.list();
    for (const file of history.catalogue.files) {
      if (keys.has(file.path)) continue;
      await bucket.upload(file.path, history.path(file), file.sha256);
      uploaded += 1;
    }
    const text = canonicalFile(history.catalogue);
    if (text === there?.text) return { uploaded, downloaded };
    const written = await bucket.replace(CATALOGUE, text, there?.etag);
    if (written === undefined) continue;
    await removeOld(history.catalogue, theirs, bucket);
    return { uploaded, downloaded };
  }
  throw new HarnessError('PROVIDER_CONFLICT', 'others kept writing the bucket', {
    hint: 'The history on this machine is whole; run it again.',
  });
}

/**
 * One catalogue of two: theirs, with our files whose batches they have not.
 *
 * @returns ours itself where it holds all
 * @throws {HarnessError} RUN_UNREADABLE where a compacted file of ours is partly theirs
 */
export function join(ours: Catalogue, theirs: Catalogue): Catalogue {
  const batches = (of: Catalogue) => new Set(of.files.flatMap((file) => file.batches));
  const [own, their] = [batches(ours), batches(theirs)];
  if ([...their].every((batch) => own.has(batch)) && ours.generation >= theirs.generation) {
    return ours;
  }
  const added = ours.files.filter((file) => !file.batches.every((batch) => their.has(batch)));
  const mixed = added.find((file) => file.batches.some((batch) => their.has(batch)));
  if (mixed !== undefined) {
    throw new HarnessError(
      'RUN_UNREADABLE',
      `${mixed.path} holds rows that the bucket has elsewhere`,
      {
        hint: 'Two machines compacted the same months: take the bucket’s history into a new folder.',
        details: { path: mixed.path },
      },
    );
  }
  const generation = Math.max(ours.generation, theirs.generation) + 1;
  return { ...theirs, generation, files: [...theirs.files, ...added] };
}

async function fetchMissing(history: History, bucket: Bucket, wanted: Catalogue): Promise<number> {
  let fetched = 0;
  for (const file of wanted.files) {
    const path = history.path(file);
    if (await isThere(path)) continue;
    await mkdir(dirname(path), { recursive: true });
    await bucket.download(file.path, path);
    if ((await hashFile(path)) !== file.sha256) throw changed(file);
    fetched += 1;
  }
  return fetched;
}

function changed({ path }: StoredFile): HarnessError {
  return new HarnessError(
    'RUN_UNREADABLE',
    `the bucket's ${path} is not the file that was written`,
    {
      hint: 'Restore it from another copy; nothing on this machine was changed.',
      details: { path },
    },
  );
}

/** Files that were replaced by compaction: nobody reads them once the new catalogue is there. */
async function removeOld(
  now: Catalogue,
  before: Catalogue | undefined,
  bucket: Bucket,
): Promise<void> {
  const named = new Set(now.files.map(({ path }) => path));
  const old = (before?.files ?? []).map(({ path }) => path).filter((path) => !named.has(path));
  if (old.length > 0) await bucket.remove(old);
}
