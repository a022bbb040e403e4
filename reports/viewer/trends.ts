/** `/trends/`: each delivery's last night, its open alarms, and small multiples with their change points. */
import { readdir } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { readJson } from '../../campaign/directory/json.ts';
import { nightShape } from '../../campaign/directory/shapes.ts';
import type { NightFile } from '../../campaign/nightly/model.ts';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { legibleDeep } from '../legible.ts';
import { alarmRow, trendFigures } from '../nightly/view.ts';
import { findingOf } from '../nightly/page.ts';
import { ORIGIN } from '../words.ts';

/** Nights that are looked at for one that can be read. */
const LOOKED = 400;
const DATE = /^\d{4}-\d{2}-\d{2}$/u;

const template = Handlebars.create().compile(text(new URL('trends.hbs', import.meta.url)), {
  strict: true,
  knownHelpersOnly: true,
});
const style =
  text(new URL('../html/style.css', import.meta.url)) +
  text(new URL('../nightly/multiples.css', import.meta.url));

/** A delivery's last night, and the name of the folder that its nights are in. */
export interface LastNight {
  readonly folder: string;
  readonly night: NightFile;
}

/** The last night of each delivery in a folder of runs, the latest first; one that can't be read is passed over. */
export async function lastNights(dir: string): Promise<readonly LastNight[]> {
  const found: LastNight[] = [];
  for (const folder of await namesIn(join(dir, 'nights'))) {
    const names = await namesIn(join(dir, 'nights', folder));
    const dates = names.filter((name) => DATE.test(name)).sort();
    for (const date of dates.reverse().slice(0, LOOKED)) {
      const night = await readNight(join(dir, 'nights', folder, date, 'night.json'));
      if (night === undefined) continue;
      found.push({ folder, night });
      break;
    }
  }
  return found.sort((a, b) => (a.night.night < b.night.night ? 1 : -1));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}

async function readNight(path: string): Promise<NightFile | undefined> {
  try {
    return await readJson(path, 'night', 1, nightShape);
  } catch (error) {
    if (error instanceof HarnessError) return undefined;
    throw error;
  }
}

/** The page; `query` keeps the series whose title, metric or delivery has it. */
export function trendsPage(nights: readonly LastNight[], query: string): string {
  const wanted = query.toLowerCase();
  const has = (...texts: readonly string[]) =>
    texts.some((one) => one.toLowerCase().includes(wanted));
  return template(
    legibleDeep({
      style: { toHTML: () => style },
      query,
      nights: nights.map(({ folder, night }) => ({
        folder,
        delivery: night.delivery,
        night: night.night,
        origin: ORIGIN[night.origin].label,
        finding: findingOf(night),
        alarms: night.open.map((alarm) => alarmRow(alarm, alarm.opened === night.night)),
        charts: trendFigures(
          night.trends.filter(({ title, metric, subject }) =>
            has(title, metric, subject, night.delivery),
          ),
          night.metrics,
          night.declared,
        ),
      })),
    }),
  );
}

function text(file: URL): string {
  return readFileSync(file, 'utf8');
}
