/** Debian's Chromium and pages for the browser tests; every request and console line is kept. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { html } from '../../reports/html/report.ts';
import { RUNS, sampleRun } from '../reports/sample-run.ts';

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** Starts Chromium without a display. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** Folder of the rendered reports of one test file. */
export interface Rendered {
  url(name: keyof typeof RUNS): Promise<string>;
  /** Bytes and render time of a report that `url` made. */
  facts(name: keyof typeof RUNS): { readonly bytes: number; readonly ms: number };
  remove(): void;
}

/** Renders sample runs to files, once each. */
export function renderedReports(): Rendered {
  const folder = mkdtempSync(join(tmpdir(), 'assay-report-'));
  const made = new Map<string, { url: string; bytes: number; ms: number }>();
  return {
    async url(name) {
      const known = made.get(name);
      if (known !== undefined) return known.url;
      const started = performance.now();
      const text = await reportText(name);
      const file = join(folder, `${name}.html`);
      writeFileSync(file, text);
      const url = pathToFileURL(file).href;
      made.set(name, { url, bytes: Buffer.byteLength(text), ms: performance.now() - started });
      return url;
    },
    facts(name) {
      const known = made.get(name);
      if (known === undefined) throw new Error(`${name} was not rendered`);
      return known;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** report.html of a sample run as text. */
async function reportText(name: keyof typeof RUNS): Promise<string> {
  const pieces: string[] = [];
  await html.render(sampleRun(RUNS[name]), {}, async (_, parts) => {
    for await (const part of parts) pieces.push(part);
  });
  return pieces.join('');
}

/** A page with what it asked for and what it complained about. */
export interface Watched {
  readonly page: Page;
  /** URLs requested beside the page itself. */
  readonly requests: string[];
  /** Console errors, page errors and policy violations. */
  readonly complaints: string[];
}

/** Opens a page in a context of its own. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url.split('#')[0]) requests.push(request.url());
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, requests, complaints };
}

/** Rules that axe finds broken, each with its first element. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  // The page's own policy allows no other script: the debugger protocol evaluates axe beside it.
  await page.evaluate(axeSource);
  return page.evaluate<string[]>(
    `axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.length + ' × ' + nodes[0].html.slice(0, 200) + ' ' + (nodes[0].any[0] || {}).message))`,
  );
}
