/** Drain and return: the verdicts that the fleet's own scheduler is told, once, when all is judged. */
import { subjectNodes } from '../plan/subject.ts';
import type { Fleet, Judged } from '../runners/model.ts';
import type { Verdict } from '../verdicts/model.ts';
import type { Journal } from './journal.ts';
import type { Progress } from './progress.ts';

/**
 * Tells the fleet's scheduler, where the plan lets it; what became of each node is on record.
 *
 * @throws {HarnessError} as the fleet does; nothing has been judged anew by then
 */
export async function service(
  fleet: Fleet,
  verdict: Verdict,
  journal: Journal,
  progress: Progress,
): Promise<void> {
  if (fleet.service === undefined) return;
  const nodes = await fleet.service(judgedNodes(verdict));
  if (nodes.length === 0) return;
  await journal.commit({ event: 'service', nodes });
  for (const { node, done, detail } of nodes) {
    progress({ kind: 'warning', message: `scheduler: ${node} ${done}: ${detail}` });
  }
}

/** Nodes with a verdict, and of a rejected one the criterion and the figure. */
export function judgedNodes(verdict: Verdict): readonly Judged[] {
  const why = new Map<string, string>();
  for (const finding of verdict.findings) {
    if (finding.verdict !== 'fail') continue;
    for (const node of finding.guilty ?? subjectNodes(finding.subject)) {
      if (!why.has(node)) why.set(node, `${finding.criterion}: ${finding.reason}`);
    }
  }
  return verdict.nodes.flatMap(({ id, verdict: word, reasons }): Judged[] => {
    if (word !== 'pass' && word !== 'fail') return [];
    const reason = word === 'pass' ? '' : (why.get(id) ?? reasons.join('; '));
    return [{ node: id, verdict: word, reason }];
  });
}
