import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nightPage } from '../../reports/nightly/page.ts';
import { startViewer, type Viewer } from '../../reports/viewer/viewer.ts';
import { rendered } from '../reports/rendered.ts';
import { sampleNight } from '../reports/sample-night.ts';
import { RUNS, sampleRun } from '../reports/sample-run.ts';
import { axeViolations, launch, open } from './chromium.ts';

const dir = mkdtempSync(join(tmpdir(), 'assay-viewer-'));
let browser: Browser;
let viewer: Viewer;

test.before(async () => {
  for (const name of ['mixed', 'hostile'] as const) {
    const run = sampleRun(RUNS[name]);
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'plan.json'), JSON.stringify(run.plan));
    writeFileSync(join(dir, name, 'verdict.json'), JSON.stringify(run.verdict));
    for (const [file, text] of await rendered('html', run))
      writeFileSync(join(dir, name, file), text);
  }
  mkdirSync(join(dir, 'live'));
  writeFileSync(join(dir, 'live', 'plan.json'), JSON.stringify(sampleRun(RUNS.golden).plan));
  writeFileSync(join(dir, 'live', 'journal.ndjson'), '{"seq":0,"at":"08:00","event":"run"}\n');
  const night = join(dir, 'nights', 'd-1-tranche-7', sampleNight.night);
  mkdirSync(night, { recursive: true });
  writeFileSync(join(night, 'night.json'), JSON.stringify(sampleNight));
  writeFileSync(join(night, 'nightly.html'), nightPage(sampleNight));
  viewer = await startViewer({ dir, host: '127.0.0.1', port: 0, token: 'one' });
  browser = await launch();
});
test.after(async () => {
  await browser.close();
  await viewer.close();
  rmSync(dir, { recursive: true, force: true });
});

test('the list, a report and the live view: axe finds nothing, the policy is not broken', async () => {
  const { page, complaints } = await open(browser, viewer.url);
  assert.is(new URL(page.url()).search, '', 'the token left the address');
  assert.equal(await axeViolations(page), []);
  await page.click('a[href="runs/mixed/report.html"]');
  await page.fill('#find', 'n0042');
  assert.match(await page.locator('#found').innerText(), '1 of 64');
  await page.goBack();
  await page.click('a[href="runs/live/"] >> nth=0');
  await page.waitForSelector('#events tr');
  appendFileSync(
    join(dir, 'live', 'journal.ndjson'),
    '{"seq":1,"at":"08:01","event":"<img src=x>"}\n',
  );
  await page.waitForSelector('#events tr >> nth=1');
  assert.match(await page.locator('#events tr').first().innerText(), '<img src=x>');
  assert.equal(await axeViolations(page), []);
  assert.equal(
    complaints.filter((one) => !one.includes('favicon')),
    [],
  );
  await page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`trends and the page of a night: axe finds nothing, ${colorScheme}`, async () => {
    const { page, complaints } = await open(browser, viewer.url, { colorScheme });
    await page.goto(new URL('/trends/', viewer.url).href);
    assert.is(await page.locator('figure svg').count(), 3);
    assert.match(await page.locator('table').first().innerText(), 'serial:A1');
    assert.equal(await axeViolations(page), []);
    await page.fill('input[type=search]', 'B2');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=B2/u);
    assert.is(await page.locator('figure svg').count(), 1);
    await page.goto(new URL('/trends/', viewer.url).href);
    await page.click('a[href$="nightly.html"]');
    assert.match(await page.locator('body').innerText(), 'driver 570→580');
    assert.equal(await axeViolations(page), []);
    assert.equal(
      complaints.filter((one) => !one.includes('favicon')),
      [],
    );
    await page.context().close();
  });
}

test('a report in the viewer has an origin of its own: it reads nothing else from it', async () => {
  const { page } = await open(browser, viewer.url);
  await page.goto(new URL('/runs/hostile/report.html', viewer.url).href);
  assert.is(await page.evaluate('self.origin'), 'null');
  assert.is(await page.evaluate(`fetch('/').then(() => 'read', () => 'refused')`), 'refused');
  assert.is(await page.evaluate('typeof globalThis.owned'), 'undefined');
  await page.context().close();
});

test.run();
