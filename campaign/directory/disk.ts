/** What the controller's disk can do to us, in our words. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HarnessError, systemCode } from '../../plan/errors.ts';

/**
 * Runs a write and names a full disk; any other failure goes through as it is.
 *
 * @throws {HarnessError} DISK_FULL on ENOSPC, EDQUOT and EFBIG
 */
export async function onDisk<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw namedDiskError(path, error);
  }
}

/** The error to throw for a failed write: DISK_FULL where it is that, else the error itself. */
export function namedDiskError(path: string, error: unknown): Error {
  const code = systemCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') {
    return error instanceof Error ? error : new Error(String(error));
  }
  return new HarnessError('DISK_FULL', `no space left on this machine while writing ${path}`, {
    hint: 'Free space and go on with `assay resume`; what was measured is kept.',
    details: { path },
    cause: error,
  });
}

/**
 * Writes a whole file or none of it: temporary file, fsync, rename, fsync of the folder.
 *
 * @throws {HarnessError} DISK_FULL; an older file of that name is left as it was
 */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await onDisk(path, async () => {
    try {
      const file = await open(temporary, 'w', 0o644);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
  await syncFolder(dirname(path));
}

/** Makes new names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
