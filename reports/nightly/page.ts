/** nightly.html: one file that opens offline, without a script. */
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import type { NightFile } from '../../campaign/nightly/model.ts';
import { legibleDeep } from '../legible.ts';
import { ORIGIN, plural } from '../words.ts';
import { begunText } from './begun.ts';
import { alarmRow, trendFigures } from './view.ts';

/** Alarms shown in full: the worst; the others are counted. */
const WORST = 10;

/** The page as text; the same night gives the same bytes. */
export function nightPage(file: NightFile): string {
  const template = Handlebars.create().compile(text(new URL('nightly.hbs', import.meta.url)), {
    strict: true,
    knownHelpersOnly: true,
  });
  const style =
    text(new URL('../html/style.css', import.meta.url)) +
    text(new URL('multiples.css', import.meta.url));
  return template(legibleDeep({ ...view(file), style: { toHTML: () => style } }));
}

function view(file: NightFile) {
  const { open, opened, closed, night, delivery, origin, nodes, rotation, missed } = file;
  const worst = open.toSorted((a, b) => (b.loss ?? 1) - (a.loss ?? 1)).slice(0, WORST);
  const overdue = rotation.overdueNodes.length + rotation.overdueClasses.length;
  return {
    title: `Night of ${night}: ${delivery}`,
    origin: `${ORIGIN[origin].label}. ${ORIGIN[origin].says}`,
    finding: findingOf(file),
    alarms: worst.map((alarm) =>
      alarmRow(
        alarm,
        opened.some(({ id }) => id === alarm.id),
      ),
    ),
    more: open.length > worst.length ? `${open.length - worst.length} more are in night.json.` : '',
    closed: closed.map(({ alarm, by }) => ({ id: alarm.id, by })),
    facts: [
      ['Nodes tested', `${nodes.tested} of ${nodes.fleet}`],
      ['Skipped, in use', String(nodes.busy)],
      ['Fresh runs', String(file.freshRuns.length)],
      ['Cleared by fresh runs', String(file.cleared)],
      ['Undecided, looked at again', String(file.undecided.length)],
      [
        'Rotation',
        overdue === 0
          ? `each node and pair class within ${plural(rotation.every, 'night')}`
          : `${plural(rotation.overdueNodes.length, 'node')} and ${rotation.overdueClasses.length} pair classes not seen in ${plural(rotation.every, 'night')}`,
      ],
      ...(file.begun ?? []).map((one) => ['Baselines', begunText(one)]),
      ['Missed nights', missed.length === 0 ? 'none' : missed.join(', ')],
      ['Run', file.run],
      ['Took', `${Math.round(file.used.seconds)} s, ${file.used.nodeHours.toFixed(2)} node-hours`],
    ].map(([name, value]) => ({ name, value })),
    declared: file.declared.map(({ date, what }) => ({ date, what })),
    charts: trendFigures(file.trends, file.metrics, file.declared),
  };
}

/** One sentence: what a reader must know. */
export function findingOf({ open, opened, closed }: NightFile): string {
  if (open.length === 0) {
    return closed.length === 0
      ? 'No alarm is open.'
      : `No alarm is open; ${plural(closed.length, 'alarm')} closed tonight.`;
  }
  return `${plural(open.length, 'alarm')} open, ${opened.length} of them confirmed tonight.`;
}

function text(file: URL): string {
  return readFileSync(file, 'utf8');
}
