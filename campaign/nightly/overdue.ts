/** What rotation promised and did not keep: machines and pair classes unseen, and days without a night. */
import { nightsMade } from '../history/events.ts';
import type { History } from '../history/store.ts';
import { classesSeen, dayBefore, knownMachines, nightsBetween } from './choose.ts';
import { classesOf } from './rotation.ts';

const DAY = 24 * 3600 * 1000;

/** Machines and pair classes that were not seen within the rotation, tonight counted. */
export async function overdueIn(
  history: History,
  delivery: string,
  {
    night,
    every,
    pairs,
  }: { readonly night: string; readonly every: number; readonly pairs: boolean },
): Promise<{ readonly nodes: readonly string[]; readonly classes: readonly string[] }> {
  const first = await firstNight(history, delivery);
  // A rotation that has only begun owes nothing yet.
  if (nightsBetween(first ?? night, night) < every - 1) return { nodes: [], classes: [] };
  const { all } = await knownMachines(history, delivery);
  const late = (last: string | undefined) =>
    last === undefined || nightsBetween(last, night) >= every;
  const nodes = all.filter((one) => late(one.night)).map(({ serial }) => serial);
  if (!pairs) return { nodes, classes: [] };
  const seen = await classesSeen(history, delivery, dayBefore(night, every));
  const places = all.map((one) => one.leaf ?? one.rack ?? 'the fleet');
  return { nodes, classes: classesOf(places).filter((name) => late(seen.get(name))) };
}

async function firstNight(history: History, delivery: string): Promise<string | undefined> {
  const [row] = await history.database.all(
    "SELECT min(night) AS first FROM runs WHERE delivery = $delivery AND purpose = 'nightly'",
    { delivery },
  );
  const first = row?.['first'];
  return first === null || first === undefined ? undefined : String(first);
}

/** Days between the last night and this one, on which none was. */
export async function missedBefore(
  history: History,
  delivery: string,
  night: string,
): Promise<readonly string[]> {
  const last = (await nightsMade(history, delivery)).at(-1);
  if (last === undefined) return [];
  return Array.from({ length: Math.max(0, nightsBetween(last, night) - 1) }, (_, at) =>
    new Date(Date.parse(last) + (at + 1) * DAY).toISOString().slice(0, 10),
  );
}
