/** What was not tested, and why: a row a criterion, every gap named once. */
import { subjectNodes } from '../../../plan/subject.ts';
import { showCount, showRisk } from '../../figure.ts';
import { nodeRanges, plural } from '../../words.ts';
import type { Context } from '../context.ts';

/** Planned against measured. */
export function coverageView(context: Context) {
  const coverage = context.survey.verdict?.coverage ?? [];
  return {
    rows: coverage.map((row) => ({
      criterion: row.criterion,
      criterionAnchor: context.anchor('criterion', row.criterion),
      planned: showCount(row.planned),
      measured: showCount(row.measured),
      share: shareOf(row.measured, row.planned),
      complete: row.gaps.length === 0 && row.measured >= row.planned,
      sampled: row.sampled
        ? `${showCount(row.sampled.n)} sampled; consumer's risk ${showRisk(row.sampled.consumerRisk)}`
        : '',
      gaps: row.gaps.map(({ subjects, why }) => {
        const nodes = [...new Set(subjects.flatMap(subjectNodes))];
        return {
          count: plural(subjects.length, subjects[0]?.kind ?? 'subject'),
          nodes: nodeRanges(nodes),
          why,
        };
      }),
    })),
    complete: coverage.every((row) => row.gaps.length === 0 && row.measured >= row.planned),
  };
}

/** Rounded down: 9,999 of 10,000 is never "100 %". */
function shareOf(measured: number, planned: number): string {
  if (planned === 0) return 'nothing was planned';
  return `${(Math.floor((measured / planned) * 1000) / 10).toFixed(1)} %`;
}
