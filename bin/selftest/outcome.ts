/** How a run ended, and whether that is what a break owes. */
import type { CampaignResult } from '../../campaign/setup.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Finding, Judgement } from '../../verdicts/model.ts';
import { nameOf } from '../../verdicts/show.ts';
import type { Ended, Must, Row } from './model.ts';

/** The lot's word with the finding that was looked for, or else its first reason. */
export function endedAs({ judgement, stopped }: CampaignResult, must?: Must): Ended {
  if (judgement === undefined) {
    return { verdict: 'not-sealed', reason: `${stopped ?? 'stopped'}; it can be resumed` };
  }
  const { verdict, reasons } = judgement.verdict.lot;
  const own = must === undefined ? undefined : reasonOf(must, judgement);
  const [first] = judgement.verdict.findings;
  const why = verdict === 'accept' || first === undefined ? undefined : said(first);
  return { verdict, reason: own ?? [...reasons.slice(0, 1), ...(why ? [why] : [])].join('; ') };
}

/** What verification found, the problem that was looked for first. */
export function refusal(problems: readonly string[], must: Must): Ended {
  const [first] = problems;
  if (first === undefined) return { verdict: 'verified', reason: 'every hash holds' };
  const own = 'refused' in must ? problems.find((one) => must.refused.test(one)) : undefined;
  return { verdict: 'refused', reason: own ?? first };
}

/** Whether it changed as it must; if not, what was expected. */
export function owed(
  must: Must,
  after: Ended,
  judgement?: Pick<Judgement, 'verdict'>,
): Pick<Row, 'changed' | 'expected'> {
  if ('unsealed' in must) {
    return after.verdict === 'not-sealed' ? met : { changed: false, expected: 'no verdict' };
  }
  if ('refused' in must) {
    const refused = after.verdict === 'refused' && must.refused.test(after.reason);
    return refused ? met : { changed: false, expected: `refused: ${must.refused.source}` };
  }
  const word = judgement?.verdict.lot.verdict;
  const expected: string[] = [];
  if (word === undefined || !must.lot.includes(word)) expected.push(must.lot.join(' or '));
  if (must.finding !== undefined && findingOf(must, judgement) === undefined) {
    const { criterion, words, node } = must.finding;
    expected.push(`${criterion} ${words.join(' or ')}${node === undefined ? '' : ` on ${node}`}`);
  }
  const { reason } = must;
  if (reason !== undefined && reasonMet(reason, judgement) === undefined) {
    expected.push(`a reason with "${reason.source}"`);
  }
  return expected.length === 0 ? met : { changed: false, expected: expected.join('; ') };
}

const met = { changed: true } as const;

function reasonOf(must: Must, judgement: Pick<Judgement, 'verdict'>): string | undefined {
  if (!('lot' in must)) return undefined;
  if (must.reason !== undefined) return reasonMet(must.reason, judgement);
  const finding = findingOf(must, judgement);
  if (finding === undefined) return undefined;
  return said(finding);
}

function said({ criterion, subject, verdict, reason }: Finding): string {
  return `${criterion} ${verdict} on ${nameOf(subject)}: ${reason}`;
}

function reasonMet(
  reason: RegExp,
  judgement: Pick<Judgement, 'verdict'> | undefined,
): string | undefined {
  return judgement?.verdict.lot.reasons.find((one) => reason.test(one));
}

function findingOf(
  must: Must,
  judgement: Pick<Judgement, 'verdict'> | undefined,
): Finding | undefined {
  if (!('finding' in must) || must.finding === undefined) return undefined;
  const { criterion, words, node } = must.finding;
  return judgement?.verdict.findings.find(
    (one) =>
      one.criterion === criterion &&
      words.includes(one.verdict) &&
      (node === undefined || subjectNodes(one.subject).includes(node)),
  );
}
