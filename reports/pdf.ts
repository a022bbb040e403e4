/** report.html on paper: printed by Chromium, where there is one. */
import { readFile, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HarnessError } from '../plan/errors.ts';
import { run } from '../runners/process.ts';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'] as const;

/** Seconds. */
const LIMIT = 300;

/**
 * Prints a page.
 *
 * @param page report.html
 * @param pdf file to be written
 * @throws {HarnessError} TOOL_MISSING without a Chromium, or where it prints nothing
 */
export async function printPdf(page: string, pdf: string, signal?: AbortSignal): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'assay-pdf-'));
  // Chromium's sandbox does not start for root; the page is ours and loads nothing.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  try {
    for (const browser of BROWSERS) {
      const ran = await run(
        [
          browser,
          '--headless',
          '--disable-gpu',
          '--no-first-run',
          '--no-pdf-header-footer',
          `--user-data-dir=${profile}`,
          ...root,
          `--print-to-pdf=${resolve(pdf)}`,
          pathToFileURL(resolve(page)).href,
        ],
        { limit: LIMIT, ...(signal && { signal }) },
      );
      if (ran.ended === 'not-started' && ran.code === 'ENOENT') continue;
      if (ran.ended === 'exited' && ran.code === 0 && (await isPdf(pdf))) return;
      throw noPdf(`${browser} printed no PDF (${ran.ended})`);
    }
    throw noPdf('there is no Chromium here to print with');
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function isPdf(path: string): Promise<boolean> {
  const { size } = await stat(path);
  return size > 0 && (await readFile(path)).subarray(0, 5).toString('latin1') === '%PDF-';
}

function noPdf(message: string): HarnessError {
  return new HarnessError('TOOL_MISSING', message, {
    hint: 'Install chromium, or open report.html in a browser and print it.',
  });
}
