import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareRuns } from '../../reports/compare/compare.ts';
import { comparedRun } from '../../reports/compare/gather.ts';
import { comparisonPage } from '../../reports/compare/page.ts';
import { compareUnits } from '../../verdicts/compare/compare-units.ts';
import { RUNS, sampleRun } from '../reports/sample-run.ts';
import { axeViolations, launch, open } from './chromium.ts';

const test = suite('the page of a comparison');

test('axe finds nothing, light and dark, wide and narrow; nothing is asked for', async () => {
  const first = await comparedRun({ ...sampleRun(RUNS.healthy), id: 'first' });
  const other = await comparedRun({ ...sampleRun(RUNS.rejected), id: 'other' });
  const comparison = compareRuns([first, other], compareUnits);
  assert.ok(comparison.compared.length > 0);
  const folder = mkdtempSync(join(tmpdir(), 'assay-compare-'));
  const file = join(folder, 'compare.html');
  writeFileSync(file, comparisonPage(comparison));
  const browser = await launch();
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        const viewport = { width, height: 800 };
        const view = await open(browser, pathToFileURL(file).href, { colorScheme, viewport });
        assert.equal(await axeViolations(view.page), [], `${colorScheme}, ${width} px`);
        const wide = await view.page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(wide <= width, `the page is ${wide} px wide`);
        assert.equal([view.requests, view.complaints], [[], []]);
        await view.page.context().close();
      }
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
