/** notice.md of a pack: the rejection by serial and clause, with its history. */
import type { RunReader } from '../../campaign/directory/model.ts';
import { NONE } from '../figure.ts';
import { safe } from '../markdown.ts';
import { boundText, ORIGIN, parametersText } from '../words.ts';
import { displayBeside } from '../figure.ts';
import type { Rejected } from './model.ts';

/** Attempts listed of one finding. */
const ATTEMPTS = 60;

/** The notice of one unit. */
export function noticeOf(run: RunReader, unit: Rejected, manifest: string): string {
  const { node, findings, environment, facts } = unit;
  const { label, says } = ORIGIN[run.verdict?.origin ?? run.fleet.origin];
  const { reference, provider, sku } = run.plan.delivery;
  const rows = [
    ['Delivery', reference],
    ['Provider', provider],
    ['Part', sku],
    ['Unit', `${node.id}, ${node.identity === '' ? 'no strong identity' : node.identity}`],
    ['Owner', node.owner ?? NONE],
    ['Class', node.class ?? NONE],
    ['Remedy asked for', node.next ?? NONE],
    ['Run', run.id],
    ['manifest.json, SHA-256', manifest],
  ];
  return `${label}. ${says}

# Rejection of ${safe(node.id)} (${safe(node.identity)})

${table(['', ''], rows)}
${findings.map((one) => findingText(run, one)).join('\n')}
## What it ran on

${table(['Fact', 'Value'], [...Object.entries(environment), ...Object.entries(facts)])}
## To measure it again

\`sh rerun.sh\` on that host runs the same programs with the same arguments and environment, without assay, and
prints the numbers beside those above. It takes a POSIX shell, \`sha256sum\` and the Python with which the unit was
measured. The run itself is checked by \`assay verify\`.
`;
}

function findingText(run: RunReader, one: Rejected['findings'][number]): string {
  const { finding, criterion, expected, attempts, rerun } = one;
  const clause = criterion.clause === undefined ? '' : `, ${safe(criterion.clause)}`;
  const display = displayBeside(run.fleet.metrics, criterion);
  const parameters = parametersText(criterion.where);
  const bound = `${boundText(criterion, display)} (${criterion.limit.source})`;
  const history = attempts
    .slice(-ATTEMPTS)
    .map((attempt) => [
      attempt.startedAt,
      attempt.id,
      attempt.trial.why,
      attempt.outcome === undefined
        ? 'cut off'
        : attempt.outcome.status === 'measured'
          ? 'measured'
          : `${attempt.outcome.owner} ${attempt.outcome.code}: ${attempt.outcome.message}`,
    ]);
  return `## ${safe(criterion.id)}${clause} on ${safe(expected.subject)}

${safe(finding.reason)}

Metric ${safe(criterion.metric)}${parameters === '' ? '' : ` (${safe(parameters)})`}, bound ${safe(bound)}.${
    rerun === undefined ? ' It is read from the inventory: there is nothing to run again.' : ''
  }

${table(['Started', 'Attempt', 'Why', 'Outcome'], history)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return `${line(head)}${line(head.map(() => '---'))}${rows.map((row) => line(row.map(safe))).join('')}`;
}

/** notice.md over all units. */
export function noticeOfLot(
  run: RunReader,
  units: readonly (readonly [Rejected, string])[],
): string {
  const { label, says } = ORIGIN[run.verdict?.origin ?? run.fleet.origin];
  const rows = units.flatMap(([{ node, findings }, folder]) => {
    const clauses = new Map<string, string>();
    for (const { criterion, finding } of findings) {
      clauses.set(
        `${criterion.id}${criterion.clause ? `, ${criterion.clause}` : ''}`,
        finding.reason,
      );
    }
    if (clauses.size === 0) return [[node.identity, NONE, node.reasons[0] ?? NONE, folder]];
    return [...clauses].map(([clause, reason]) => [node.identity, clause, reason, folder]);
  });
  return `${label}. ${says}

# Rejected units of ${safe(run.plan.delivery.reference)}

Run ${safe(run.id)}. Each folder has the finding, its history and a script that measures it again without assay.

${table(['Serial', 'Criterion, clause', 'Finding', 'Folder'], rows)}`;
}
