/** Reports are pure functions of a run: rendered again, they are the same bytes or were edited. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest, RunReader } from './directory/model.ts';
import { openRun } from './directory/reader.ts';
import { attempt, type Problem } from './verify-files.ts';

/** How to render them; another version may render otherwise. */
export interface ReportsAgain {
  readonly version: string;
  /** Writes the reports of a run as they were before it was signed. @returns base names of the files */
  readonly render: (run: RunReader, into: string) => Promise<readonly string[]>;
}

/** Renders the reports again and compares them byte by byte with those of the run. */
export async function checkReports(
  root: string,
  manifest: Manifest,
  { version, render }: ReportsAgain,
  problems: Problem[],
  notes: string[],
): Promise<void> {
  if (manifest.version !== version) {
    notes.push(
      `the reports were rendered by assay ${manifest.version} and stand on their hashes: this is ${version}`,
    );
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'assay-again-'));
  try {
    await attempt('report.html', problems, async () => {
      const run = await openRun(root);
      try {
        // A copy may stand in a folder of another name.
        for (const name of await render({ ...run, id: manifest.run }, folder)) {
          if (!Object.hasOwn(manifest.files, name)) continue;
          const [there, again] = await Promise.all([
            readFile(join(root, name)),
            readFile(join(folder, name)),
          ]);
          if (there.equals(again)) continue;
          const at = again.findIndex((byte, index) => byte !== there[index]);
          const what = `is not what this run renders to: they part at byte ${at < 0 ? again.length : at}`;
          problems.push({ file: name, what });
        }
      } finally {
        await run.close();
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
