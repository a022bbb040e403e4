/** A night on a terminal. */
import type { NightFile, OpenAlarm } from '../../campaign/nightly/model.ts';
import { begunText } from '../../reports/nightly/begun.ts';
import { ORIGIN, parametersText } from '../../reports/words.ts';
import { printable, style, type Io } from '../terminal.ts';

/** Says what changed, first; then what rotation could not keep. */
export function tellNight(file: NightFile, io: Io): void {
  const { night, delivery, origin, nodes, rotation, opened, closed, open, missed } = file;
  const say = (text: string) => io.out(printable(text));
  if (origin !== 'hardware') {
    io.out(style(io, 'bold', `${ORIGIN[origin].label}. ${ORIGIN[origin].says}`));
  }
  const word =
    open.length > 0
      ? style(io, 'red', `${open.length} OPEN ${open.length === 1 ? 'ALARM' : 'ALARMS'}`)
      : style(io, 'green', 'NO OPEN ALARM');
  io.out(`${word}: ${printable(`${delivery}, night of ${night}`)}`);
  for (const alarm of open) say(alarmLine(alarm, opened.includes(alarm) ? 'new' : 'open'));
  for (const { alarm, by } of closed) say(`  closed by ${by}: ${alarm.id}`);
  say(
    `  ${nodes.tested} nodes tested, ${nodes.busy} busy, ${file.freshRuns.length} fresh runs; ${file.cleared} cleared, ${file.undecided.length} undecided`,
  );
  for (const one of file.begun ?? []) say(`  ${begunText(one)}`);
  if (missed.length > 0) say(`  missed nights: ${missed.join(', ')}`);
  const { overdueNodes, overdueClasses, every } = rotation;
  if (overdueNodes.length + overdueClasses.length > 0) {
    say(
      `  rotation incomplete: ${overdueNodes.length} nodes and ${overdueClasses.length} pair classes not seen in ${every} nights`,
    );
  }
}

function alarmLine(alarm: OpenAlarm, kind: string): string {
  const where = 'id' in alarm.scope ? `${alarm.scope.kind} ${alarm.scope.id}` : 'the fleet';
  const series = `${alarm.metric} ${parametersText(alarm.parameters)}`.trimEnd();
  return `  ${kind}: ${series} on ${where}: ${alarm.reason}`;
}
