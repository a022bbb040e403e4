/** Renders reports into a folder. */
import { createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { onDisk } from '../campaign/directory/disk.ts';
import type { RunReader } from '../campaign/directory/model.ts';
import type { ReportOptions } from '../reports/model.ts';
import { reports } from '../reports/registry.ts';

/** What every run gets. */
export const STANDARD_REPORTS = ['html', 'junit', 'markdown'] as const;

/**
 * Writes the named formats of a run.
 *
 * @param into folder; the reports name their files
 * @returns base names of what was written
 * @throws {HarnessError} DISK_FULL
 */
export async function writeReports(
  run: RunReader,
  formats: readonly string[],
  into: string,
  options: ReportOptions = {},
): Promise<readonly string[]> {
  const signatures = options.signatures ?? (await signers(run.path));
  const written: string[] = [];
  for (const entry of reports) {
    if (!formats.includes(entry.id)) continue;
    const report = await entry.use();
    const files = await report.render(run, { ...options, signatures }, (name, pieces) => {
      const path = join(into, basename(name));
      return onDisk(path, () => pipeline(Readable.from(pieces), createWriteStream(path)));
    });
    written.push(...files);
  }
  return written;
}

async function signers(path: string): Promise<readonly string[]> {
  const names = await readdir(path);
  return names.includes('signatures') ? (await readdir(join(path, 'signatures'))).sort() : [];
}
