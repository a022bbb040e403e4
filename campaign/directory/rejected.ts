/** rejected.csv: the hand-back list: its header always, rows as it happens, the final list when sealed. */
import { open } from 'node:fs/promises';
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Metric } from '../../suites/model.ts';
import type { Finding, Judgement } from '../../verdicts/model.ts';
import type { PublicNode } from '../events.ts';
import { onDisk, writeAtomic } from './disk.ts';

const HEADER =
  'node,identity,serial,accelerator,criterion,metric,value,bound,limit,unit,reason,attempts';

/** What rows need besides findings. */
export interface RejectedContext {
  readonly nodes: readonly PublicNode[];
  readonly criteria: readonly Criterion[];
  readonly metrics: readonly Metric[];
}

/** Writes the file with its header alone. */
export async function startRejected(path: string): Promise<void> {
  await writeAtomic(path, `${HEADER}\n`);
}

/** Appends the rows of findings that were just made. @throws {HarnessError} DISK_FULL */
export async function appendRejected(path: string, rows: readonly string[]): Promise<void> {
  if (rows.length === 0) return;
  const file = await open(path, 'a', 0o644);
  try {
    await onDisk(path, () => file.appendFile(rows.map((row) => `${row}\n`).join('')));
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** The whole file as a judgement has it: same judgement, same bytes. */
export function rejectedFile(
  judgement: Pick<Judgement, 'verdict'>,
  context: RejectedContext,
): string {
  const format = rejectedRows(context);
  const failed = judgement.verdict.findings.filter((finding) => finding.verdict === 'fail');
  const named = new Set(failed.flatMap((finding) => ownNodes(finding)));
  const rows = failed.flatMap((finding) => format(finding));
  // Rejected without a finding of its own: gone past the grace, or in a group that was blamed.
  const others = judgement.verdict.nodes
    .filter((node) => node.verdict === 'fail' && !named.has(node.id))
    .map((node) =>
      row([node.id, node.identity, '', '', '', '', '', '', '', '', node.reasons.join('; '), '']),
    );
  return [HEADER, ...new Set([...rows, ...others].sort())].map((line) => `${line}\n`).join('');
}

/** Rows of one failed finding: one a node that it names. */
export function rejectedRows(context: RejectedContext): (finding: Finding) => readonly string[] {
  const nodes = new Map(context.nodes.map((node) => [node.id, node]));
  const criteria = new Map(context.criteria.map((criterion) => [criterion.id, criterion]));
  const metrics = new Map(context.metrics.map((metric) => [metric.id, metric]));
  return (finding) => {
    const criterion = criteria.get(finding.criterion);
    const metric = metrics.get(criterion?.metric ?? '');
    return ownNodes(finding).map((id) => {
      const identity = nodes.get(id)?.identity ?? [];
      const strongest = identity[0];
      return row([
        id,
        strongest === undefined ? '' : `${strongest.kind}:${strongest.value}`,
        identity.find((one) => one.kind === 'serial' || one.kind === 'plan')?.value ?? '',
        finding.subject.kind === 'accelerator' ? finding.subject.accelerator : '',
        finding.criterion,
        criterion?.metric ?? '',
        number(finding.estimate?.value),
        criterion?.bound ?? '',
        number(criterion?.limit.value),
        metric?.unit ?? '',
        finding.reason,
        finding.attempts.join(' '),
      ]);
    });
  };
}

/** Nodes that a finding rejects by itself: a link's or a group's are only suspects. */
function ownNodes({ subject }: Finding): readonly string[] {
  return subject.kind === 'accelerator' || subject.kind === 'node' ? subjectNodes(subject) : [];
}

function number(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toPrecision(12)));
}

function row(cells: readonly string[]): string {
  return cells.map(quoted).join(',');
}

/**
 * RFC 4180; what a node said is shown on terminals too, so its control characters are written out; a cell
 * that a spreadsheet would run as a formula gets an apostrophe.
 */
function quoted(words: string): string {
  const cell = words.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (char) =>
    /\s/u.test(char) ? ' ' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  const safe =
    /^[=+\-@]/u.test(cell.trimStart()) && !/^-?[\d.]+(?:e[+-]?\d+)?$/u.test(cell)
      ? `'${cell}`
      : cell;
  return /[",]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
