/** The first screen: origin, verdict, reason, counts, the three worst nodes. */
import { subjectNodes } from '../../../plan/subject.ts';
import type { Finding, Verdict } from '../../../verdicts/model.ts';
import type { Criterion } from '../../../plan/model.ts';
import { marginOf, NONE, showCount, showMargin, showValue } from '../../figure.ts';
import { brief } from '../../legible.ts';
import { againstOf, leastMargin } from '../../survey/survey.ts';
import { boundText, LOT, ORIGIN, plural, SEVERITY, WORD, type Mark } from '../../words.ts';
import { numbersOf, type Context } from '../context.ts';

const WORST = 3;

/** Characters of one text of the first screen's table; all of it stands in the sections below. */
const CELL = 48;

/** Characters of the delivery's reference in the heading. */
const HEADING = 100;

/** What somebody reads in ten seconds. */
export function openingView(context: Context) {
  const { run, survey } = context;
  const { verdict } = survey;
  const origin = ORIGIN[verdict?.origin ?? run.fleet.origin];
  const { delivery, part } = run.plan;
  return {
    origin,
    heading: brief(delivery.reference, HEADING),
    mark: verdict === undefined ? UNFINISHED : lotMark(verdict),
    reason:
      verdict === undefined
        ? 'The run has not ended: there is no verdict.'
        : sentence(verdict.lot.reasons[0] ?? 'No reason was recorded.'),
    otherReasons: verdict?.lot.reasons.slice(1).map(sentence) ?? [],
    delivery: [
      { name: 'Delivery', value: delivery.reference },
      { name: 'Provider', value: delivery.provider },
      { name: 'Part', value: part?.title ?? delivery.sku },
      {
        name: 'Bought',
        value: `${plural(delivery.count ?? survey.nodeIds.length, delivery.unit)}, ${plural(delivery.acceleratorsPerNode, 'accelerator')} a node`,
      },
      { name: 'Milestone', value: delivery.milestone ?? NONE },
      { name: 'Deemed accepted', value: delivery.deemedAcceptance ?? NONE },
      { name: 'Measured', value: period(survey.from, survey.to) },
      { name: 'Run', value: run.id },
      { name: 'Plan', value: run.plan.file ?? 'built in' },
      { name: 'Seed', value: String(run.plan.seed) },
    ],
    counts: countsOf(verdict),
    worst: worstNodes(context),
    // A healthy lot has no worst node in the sense of a bad one.
    worstTitle: verdict?.nodes.some((node) => node.verdict !== 'pass')
      ? 'Worst nodes'
      : 'Nodes nearest to a limit',
  };
}

const UNFINISHED: Mark = { text: 'No verdict', glyph: '○', kind: 'none' };

/** An accepted lot with rejected units says so in its first words. */
function lotMark({ lot }: Verdict): Mark {
  const mark = LOT[lot.verdict];
  return lot.verdict === 'accept' && lot.rejected > 0
    ? { ...mark, text: `Accepted, without ${plural(lot.rejected, 'rejected unit')}` }
    : mark;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/u.test(first) ? first : `${first}.`;
}

function period(from?: string, to?: string): string {
  const minute = (at: string) => at.slice(0, 16).replace('T', ' ');
  if (from === undefined || to === undefined) return NONE;
  const end = from.slice(0, 10) === to.slice(0, 10) ? minute(to).slice(11) : minute(to);
  return `${minute(from)} to ${end}${from.endsWith('Z') ? ' UTC' : ''}`;
}

function countsOf(verdict: Verdict | undefined) {
  const lot = verdict?.lot;
  const count = (name: string, n: number | undefined, kind: Mark['kind'], glyph: string) => ({
    name,
    n: n === undefined ? NONE : showCount(n),
    kind: n === 0 ? 'none' : kind,
    glyph,
  });
  return [
    count('delivered', lot?.delivered, 'none', ''),
    count('tested', lot?.tested, 'none', ''),
    count('accepted', lot?.accepted, 'good', WORD.pass.glyph),
    count('rejected', lot?.rejected, 'bad', WORD.fail.glyph),
    count('inconclusive', lot?.inconclusive, 'doubt', WORD.inconclusive.glyph),
    count('not tested', lot?.notTested, 'doubt', WORD['not-tested'].glyph),
  ];
}

/** Worst first: by verdict, then by the margin that is shown; what has none of it (a wrong result) goes before. */
function worstNodes(context: Context) {
  const { survey } = context;
  const nodes = survey.verdict?.nodes ?? [];
  const told = tellingFindings(context);
  const ranked = nodes.map((node, index) => {
    const bad = told.get(node.id);
    const shown = bad === undefined ? leastMargin(survey.spreads, index) : bad;
    const margin = shown?.margin ?? -Infinity;
    return { node, index, severity: SEVERITY[node.verdict], bad, margin };
  });
  ranked.sort(
    (a, b) =>
      a.severity - b.severity ||
      // Two without a figure are -Infinity both.
      (a.margin === b.margin ? a.index - b.index : a.margin - b.margin),
  );
  return ranked.slice(0, WORST).map(({ node, index, bad }) => ({
    id: node.id,
    anchor: context.anchor('node', node.id),
    identity: node.identity === '' ? 'no identity' : brief(node.identity, CELL),
    mark: WORD[node.verdict],
    ...factOf(context, index, bad),
    cause: brief(
      [node.owner, node.class].filter((word) => word !== undefined).join(' · ') || NONE,
      CELL,
    ),
  }));
}

interface Telling {
  readonly finding: Finding;
  readonly criterion: Criterion;
  /** Absent: it has no figure. */
  readonly margin?: number;
}

/** Node → the finding of its own word that says most: the one furthest past its limit, else one without a figure. */
function tellingFindings(context: Context): ReadonlyMap<string, Telling> {
  const { verdict } = context.survey;
  const words = new Map(verdict?.nodes.map((node) => [node.id, node.verdict]));
  const told = new Map<string, Telling>();
  for (const finding of verdict?.findings ?? []) {
    const criterion = context.criteria.get(finding.criterion);
    if (criterion === undefined) continue;
    const { estimate } = finding;
    const figure = estimate !== undefined && criterion.decide !== 'exact';
    const one: Telling = {
      finding,
      criterion,
      ...(figure && { margin: marginOf(estimate.value, againstOf(criterion)) }),
    };
    for (const node of subjectNodes(finding.subject)) {
      if (words.get(node) !== finding.verdict) continue;
      const before = told.get(node);
      const least = before?.margin ?? Infinity;
      if (before === undefined || (one.margin ?? Infinity) < least) told.set(node, one);
    }
  }
  return told;
}

/** The one number or reason that says most about a node. */
function factOf(context: Context, index: number, telling: Telling | undefined) {
  const { survey } = context;
  if (telling !== undefined) {
    const { finding: bad, criterion } = telling;
    const numbers = numbersOf(context, bad, criterion);
    return numbers.value === NONE
      ? { criterion: brief(bad.criterion, CELL), fact: brief(bad.reason, 2 * CELL), margin: '' }
      : {
          criterion: brief(bad.criterion, CELL),
          fact: `${numbers.value} ${numbers.unit}, limit ${numbers.bound}`,
          margin: numbers.margin,
        };
  }
  const least = leastMargin(survey.spreads, index);
  if (least === undefined) return { criterion: '', fact: NONE, margin: '' };
  const { criterion: nearest } = least.spread;
  const display = context.display(nearest);
  return {
    criterion: brief(nearest.id, CELL),
    fact: `${showValue(least.value, display, againstOf(nearest))} ${display.unit}, limit ${boundText(nearest, display)}`,
    margin: showMargin(least.margin),
  };
}
