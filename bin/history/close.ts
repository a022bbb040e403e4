/** `assay history alarms` and `close`: what is open, and a person's word on it. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { eventBatch, nightsMade } from '../../campaign/history/events.ts';
import type { History } from '../../campaign/history/store.ts';
import { openAlarms } from '../../campaign/nightly/open-alarms.ts';
import { HarnessError } from '../../plan/errors.ts';
import { nearest } from '../../plan/options.ts';
import { scopeText } from '../../reports/nightly/view.ts';
import { printable, type Io } from '../terminal.ts';
import { tellRows, type FORMATS } from './tell-rows.ts';

/** The open alarms of a delivery; 1 where there is one. */
export async function tellAlarms(
  history: History,
  delivery: string,
  format: (typeof FORMATS)[number],
  io: Io,
): Promise<number> {
  const open = await openAlarms(history, delivery);
  const columns = ['alarm', 'where', 'metric', 'loss', 'since', 'opened', 'reason'];
  const rows = open.map((alarm) => ({
    alarm: alarm.id,
    where: scopeText(alarm),
    metric: alarm.metric,
    loss: alarm.loss ?? null,
    since: alarm.since,
    opened: alarm.opened,
    reason: alarm.reason,
  }));
  tellRows({ columns, rows }, format, io);
  return 0;
}

/**
 * Closes an open alarm by a person's word.
 *
 * @param alarm its id
 * @param accept the level as it is now is accepted from here on; else it alarms again where it stays low
 * @throws {HarnessError} USAGE where no such alarm is open
 */
export async function close(
  history: History,
  args: {
    readonly delivery: string;
    readonly alarm: string | undefined;
    readonly note: string | undefined;
    readonly accept: boolean;
  },
  io: Io,
): Promise<number> {
  const { delivery, alarm, note, accept } = args;
  const open = await openAlarms(history, delivery);
  const found = open.find(({ id }) => id === alarm);
  if (found === undefined) {
    const known = open.map(({ id }) => id);
    const message =
      alarm === undefined ? 'no alarm is named' : `no alarm ${JSON.stringify(alarm)} is open`;
    throw new HarnessError('USAGE', message, {
      hint: known.length === 0 ? 'None is open.' : nearest(alarm ?? '', known, 'Open alarms'),
    });
  }
  const night = (await nightsMade(history, delivery)).at(-1) ?? found.opened;
  const id = `closed-${randomBytes(6).toString('hex')}`;
  const event = {
    id,
    at: new Date().toISOString(),
    night,
    kind: 'alarm-closed' as const,
    body: {
      alarm: found.id,
      by: 'person',
      who: userInfo().username,
      accept,
      ...(note !== undefined && { note }),
    },
  };
  await history.append([eventBatch(id, delivery, night, [event])]);
  if (io.json) io.event(event);
  else io.out(printable(`closed: ${found.id}`));
  return 0;
}
