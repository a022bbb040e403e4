/** summary.md: the verdict on a page, for a ticket or a pull request. */
import type { RunReader } from '../campaign/directory/model.ts';
import type { Criterion } from '../plan/model.ts';
import type { Finding, Verdict } from '../verdicts/model.ts';
import { displayBeside, marginOf, NONE, showCount, showMargin, showValue } from './figure.ts';
import { legible } from './legible.ts';
import type { Report } from './model.ts';
import { boundText, LOT, nodeRanges, ORIGIN, SEVERITY, subjectText, WORD } from './words.ts';

/** Units listed; a longer list is in rejected.csv. */
const UNITS = 200;

export const markdown: Report = {
  id: 'markdown',
  async render(run, _options, write) {
    await write('summary.md', summary(run));
    return ['summary.md'];
  },
};

function* summary(run: RunReader): Generator<string> {
  const { verdict } = run;
  const origin = ORIGIN[verdict?.origin ?? run.fleet.origin];
  yield `**${origin.label}.** ${origin.says}\n\n`;
  if (verdict === undefined) {
    yield `# No verdict: ${safe(run.plan.delivery.reference)}\n\nThe run has not ended.\n`;
    return;
  }
  const { lot } = verdict;
  yield `# ${LOT[lot.verdict].glyph} ${LOT[lot.verdict].text}: ${safe(run.plan.delivery.reference)}\n\n`;
  for (const reason of lot.reasons) yield `- ${safe(reason)}\n`;
  yield '\n| Delivered | Tested | Accepted | Rejected | Inconclusive | Not tested |\n|--:|--:|--:|--:|--:|--:|\n';
  const counts = [
    lot.delivered,
    lot.tested,
    lot.accepted,
    lot.rejected,
    lot.inconclusive,
    lot.notTested,
  ];
  yield `| ${counts.map(showCount).join(' | ')} |\n\n## Criteria\n\n`;
  yield '| Criterion | Clause | Bound | Worst | Margin | Pass | Fail | Inconclusive | Not tested | Verdict |\n';
  yield '|---|---|---|---|--:|--:|--:|--:|--:|---|\n';
  for (const row of verdict.criteria) yield criterionLine(run, row);
  yield* units(verdict);
  yield `\nRun ${safe(run.id)} · details and evidence: report.html · check: \`assay verify\`\n`;
}

function criterionLine(run: RunReader, row: Verdict['criteria'][number]): string {
  const display = displayBeside(run.fleet.metrics, row);
  const { counts } = row;
  const cells = [
    safe(row.id),
    safe(row.clause ?? NONE),
    safe(boundText(row, display)),
    row.worst ? safe(worstText(run, row, row.worst)) : NONE,
    row.worst?.estimate && row.decide !== 'exact'
      ? showMargin(marginOf(row.worst.estimate.value, { bound: row.bound, limit: row.limit.value }))
      : NONE,
    ...[counts.pass, counts.fail, counts.inconclusive, counts['not-tested']].map(showCount),
    `${WORD[row.verdict].glyph} ${WORD[row.verdict].text}`,
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function worstText(run: RunReader, criterion: Criterion, worst: Finding): string {
  const display = displayBeside(run.fleet.metrics, criterion);
  const subject = subjectText(worst.subject);
  if (worst.estimate === undefined || criterion.decide === 'exact') return subject;
  const against = { bound: criterion.bound, limit: criterion.limit.value };
  return `${showValue(worst.estimate.value, display, against)} ${display.unit} (${subject})`;
}

function* units(verdict: Verdict): Generator<string> {
  const bad = verdict.nodes
    .filter((node) => node.verdict !== 'pass')
    .sort((a, b) => SEVERITY[a.verdict] - SEVERITY[b.verdict]);
  if (bad.length === 0) return;
  for (const { unit, by, with: rest } of verdict.lot.lost ?? []) {
    const others = rest.length === 0 ? '' : `; with it go ${safe(nodeRanges(rest))}`;
    yield `\n**${safe(unit)}** is lost whole, by ${safe(nodeRanges(by))}${others}.\n`;
  }
  yield '\n## Units that did not pass\n\n| Node | Identity | Verdict | Owner | Class | Reason | Remedy |\n|---|---|---|---|---|---|---|\n';
  for (const node of bad.slice(0, UNITS)) {
    const { text, glyph } = WORD[node.verdict];
    const cells = [
      safe(node.id),
      safe(node.identity),
      `${glyph} ${text}`,
      ...[node.owner, node.class, node.reasons[0], node.next].map((one) => safe(one ?? NONE)),
    ];
    yield `| ${cells.join(' | ')} |\n`;
  }
  const rest = bad.slice(UNITS).map(({ id }) => id);
  if (rest.length > 0) yield `\nAnd ${safe(nodeRanges(rest))}.\n`;
}

/** Text of the run with every sign that Markdown, HTML or a mention could act on escaped. */
export function safe(text: string): string {
  return legible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_{}[\]()#+!|>~$@]/gu, (sign) => `\\${sign}`)
    .replace(/:\/\//gu, ':&#8203;//');
}
