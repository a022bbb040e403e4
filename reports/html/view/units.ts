/** Units that did not pass: who answers, what was found, what happens next, and the bytes behind it. */
import { subjectKey, subjectNodes } from '../../../plan/subject.ts';
import type { Finding, Verdict } from '../../../verdicts/model.ts';
import { showCount } from '../../figure.ts';
import { nodeRanges, plural, SEVERITY, WORD } from '../../words.ts';
import { numbersOf, type Context } from '../context.ts';
import { evidenceOf } from './evidence.ts';

/** Nodes shown with findings and evidence; further ones get a row each. */
const IN_FULL = 250;

/** Findings shown of one node; the rest is counted (a node without contact fails everything). */
const FINDINGS = 40;

/** Findings shown of all nodes, a few of each at least: each takes 2 kB of a page that is sent around. */
const ALTOGETHER = 400;
const FEW = 3;

/** Rejected, inconclusive and untested nodes, worst kind first; links and groups that are not pass. */
export function unitsView(context: Context) {
  const { verdict } = context.survey;
  if (verdict === undefined)
    return { lost: [], full: [], rest: [], restCount: '', links: [], groups: [], none: true };
  const bad = verdict.nodes
    .filter((node) => node.verdict !== 'pass')
    .sort((a, b) => SEVERITY[a.verdict] - SEVERITY[b.verdict]);
  const findings = findingsByNode(verdict);
  const full = bad.slice(0, IN_FULL);
  const rest = bad.slice(IN_FULL);
  const share = Math.floor(ALTOGETHER / Math.max(1, full.length));
  const most = Math.min(FINDINGS, Math.max(FEW, share));
  return {
    lost: (verdict.lot.lost ?? []).map(({ unit, by, with: rest }) => ({
      unit,
      count: plural(by.length + rest.length, 'node'),
      by: by.map((id) => ({ id, anchor: context.anchor('node', id) })),
      rest: rest.length === 0 ? '' : nodeRanges(rest),
    })),
    full: full.map((node) => unit(context, node, findings.get(node.id) ?? [], most)),
    rest: rest.map((node) => ({ ...headOf(context, node), reason: node.reasons[0] ?? '' })),
    restCount: showCount(rest.length),
    links: verdict.links.map((link) => ({
      subject: context.subject(link.subject),
      mark: WORD[link.verdict],
      reason: link.reason,
    })),
    groups: verdict.groups.map((group) => ({
      domain: `${group.domain.kind} ${group.domain.id}`,
      nodes: context.subject({ kind: 'group', nodes: group.nodes }),
      mark: WORD[group.verdict],
      reason: group.reason,
    })),
    none: bad.length === 0 && verdict.links.length === 0 && verdict.groups.length === 0,
  };
}

type JudgedNode = Verdict['nodes'][number];

function headOf(context: Context, node: JudgedNode) {
  return {
    id: node.id,
    anchor: context.anchor('node', node.id),
    identity: node.identity === '' ? 'no strong identity' : node.identity,
    mark: WORD[node.verdict],
    owner: node.owner ?? 'not assigned',
    class: node.class ?? 'not classed',
    next: node.next ?? 'none recorded',
  };
}

function unit(context: Context, node: JudgedNode, findings: readonly Finding[], most: number) {
  const parts = node.accelerators.filter((one) => one.verdict !== 'pass');
  const words = new Set(parts.map(({ verdict }) => verdict));
  const whole = parts.length > 1 && parts.length === node.accelerators.length && words.size === 1;
  const alike = foldAlike(findings);
  return {
    ...headOf(context, node),
    reasons: node.reasons,
    fault: faultOf(context, node.id),
    accelerators: whole
      ? [{ id: `all ${parts.length}`, mark: WORD[parts[0]?.verdict ?? 'not-tested'] }]
      : parts.map(({ id, verdict }) => ({ id, mark: WORD[verdict] })),
    findings: (alike.length > most ? eachCriterionFirst(alike).slice(0, most) : alike).flatMap(
      (some) => findingRow(context, some),
    ),
    more: alike.length > most ? showCount(alike.length - most) : '',
  };
}

/** What the provider would be told of it, as it is spelled; sent only by `assay report-faults RUN --send`. */
function faultOf({ run }: Context, node: string) {
  const report = run.faults?.reports.find((one) => one.node === node);
  if (report === undefined) return undefined;
  return {
    operation: report.operation,
    request: JSON.stringify(report.request, undefined, 2),
    problem: report.problem ?? '',
    run: run.id,
  };
}

/** One of every criterion before the second of any. */
function eachCriterionFirst<T extends readonly [Finding, ...Finding[]]>(all: readonly T[]): T[] {
  const seen = new Set<string>();
  const firsts = all.filter(([{ criterion }]) => {
    const fresh = !seen.has(criterion);
    seen.add(criterion);
    return fresh;
  });
  const taken = new Set(firsts);
  return [...firsts, ...all.filter((one) => !taken.has(one))];
}

/** Findings without any attempt that say the same of several parts of a node: one row for all. */
function foldAlike(findings: readonly Finding[]): readonly (readonly [Finding, ...Finding[]])[] {
  const folded = new Map<string, [Finding, ...Finding[]]>();
  for (const [index, finding] of findings.entries()) {
    const { criterion, verdict, reason, attempts, estimate } = finding;
    const bare = attempts.length === 0 && estimate === undefined;
    const key = JSON.stringify(bare ? [criterion, verdict, reason] : index);
    const list = folded.get(key);
    if (list === undefined) folded.set(key, [finding]);
    else list.push(finding);
  }
  return [...folded.values()];
}

function findingRow(context: Context, [finding, ...others]: readonly [Finding, ...Finding[]]) {
  const criterion = context.criteria.get(finding.criterion);
  if (criterion === undefined) return [];
  const subject = context.subject(finding.subject);
  return [
    {
      // The worst number of a criterion has its anchor among the numbers of section 11.
      anchor: isWorst(context, finding) ? '' : context.numberAnchor(finding),
      link: context.numberAnchor(finding),
      criterion: finding.criterion,
      criterionAnchor: context.anchor('criterion', finding.criterion),
      clause: criterion.clause ?? '',
      subject:
        others.length === 0 ? subject : `${subject} and ${plural(others.length, 'other')} like it`,
      mark: WORD[finding.verdict],
      ...numbersOf(context, finding, criterion),
      reason: finding.reason,
      cause: finding.cause ?? '',
      evidence: evidenceOf(context, finding),
    },
  ];
}

function isWorst({ survey }: Context, finding: Finding): boolean {
  const worst = survey.verdict?.criteria.find(({ id }) => id === finding.criterion)?.worst;
  return worst !== undefined && subjectKey(worst.subject) === subjectKey(finding.subject);
}

function findingsByNode(verdict: Verdict): ReadonlyMap<string, readonly Finding[]> {
  const byNode = new Map<string, Finding[]>();
  const sorted = [...verdict.findings].sort((a, b) => SEVERITY[a.verdict] - SEVERITY[b.verdict]);
  for (const finding of sorted) {
    for (const node of subjectNodes(finding.subject)) {
      const list = byNode.get(node);
      if (list === undefined) byNode.set(node, [finding]);
      else list.push(finding);
    }
  }
  return byNode;
}
