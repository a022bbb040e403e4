/** summary.md of a night: for a pull request or a chat. */
import type { NightFile } from '../../campaign/nightly/model.ts';
import { safe } from '../markdown.ts';
import { ORIGIN, parametersText } from '../words.ts';
import { begunText } from './begun.ts';
import { findingOf } from './page.ts';
import { percent, scopeText } from './view.ts';

/** Alarms listed. */
const LISTED = 50;

/** The night in Markdown; what others said is escaped. */
export function nightSummary(file: NightFile): string {
  const { origin, night, delivery, open, opened, closed, nodes, rotation, missed } = file;
  const lines = [
    `**${ORIGIN[origin].label}.** ${ORIGIN[origin].says}`,
    '',
    `# ${open.length === 0 ? '✓' : '✕'} ${safe(delivery)}, night of ${night}`,
    '',
    findingOf(file),
    '',
  ];
  if (open.length > 0) {
    lines.push('| | Where | Metric | Loss | Since | Why |', '|---|---|---|--:|---|---|');
    for (const alarm of open.slice(0, LISTED)) {
      const isNew = opened.some(({ id }) => id === alarm.id);
      const loss = alarm.loss === undefined ? '–' : percent(alarm.loss);
      const metric = `${alarm.metric} ${parametersText(alarm.parameters)}`;
      lines.push(
        `| ${isNew ? 'new' : 'open'} | ${safe(scopeText(alarm))} | ${safe(metric)} | ${loss} | ${alarm.since} | ${safe(alarm.reason)} |`,
      );
    }
    if (open.length > LISTED) lines.push(`| | ${open.length - LISTED} more | | | | |`);
    lines.push('');
  }
  for (const { alarm, by } of closed) lines.push(`- closed by ${safe(by)}: ${safe(alarm.id)}`);
  lines.push(
    `- ${nodes.tested} of ${nodes.fleet} nodes tested, ${nodes.busy} in use, ${file.freshRuns.length} fresh runs`,
  );
  for (const one of file.begun ?? []) lines.push(`- ${safe(begunText(one))}`);
  if (missed.length > 0) lines.push(`- missed nights: ${missed.join(', ')}`);
  const { overdueNodes, overdueClasses, every } = rotation;
  if (overdueNodes.length + overdueClasses.length > 0) {
    lines.push(
      `- rotation incomplete: ${overdueNodes.length} nodes, ${overdueClasses.length} pair classes not seen in ${every} nights`,
    );
  }
  return `${lines.join('\n')}\n`;
}
