/** Pictures of the report's main views, for docs/. */
import { fileURLToPath } from 'node:url';
import { launch, open, renderedReports } from './chromium.ts';

const VIEWS = [
  { name: 'rejected', run: 'picture', colorScheme: 'light', part: 'page' },
  { name: 'rejected-dark', run: 'picture', colorScheme: 'dark', part: 'page' },
  { name: 'criteria', run: 'picture', colorScheme: 'light', part: '#criteria' },
  { name: 'unit', run: 'picture', colorScheme: 'light', part: '.unit >> nth=0' },
  { name: 'distribution', run: 'picture', colorScheme: 'light', part: 'figure >> nth=0' },
] as const;

/** Writes report-<name>.png. @param folder ends in a slash */
export async function takePictures(folder: URL): Promise<void> {
  const reports = renderedReports();
  const browser = await launch();
  try {
    for (const { name, run, colorScheme, part } of VIEWS) {
      const { page } = await open(browser, await reports.url(run), { colorScheme });
      const path = fileURLToPath(new URL(`report-${name}.png`, folder));
      if (part === 'page') await page.screenshot({ path });
      else await page.locator(part).screenshot({ path });
      await page.context().close();
      console.log(`docs/report-${name}.png`);
    }
  } finally {
    await browser.close();
    reports.remove();
  }
}
