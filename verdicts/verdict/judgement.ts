/** From the tracks to the verdict and all findings. */
import type { Subject } from '../../plan/model.ts';
import { subjectKey, subjectNodes } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { Completeness } from '../criteria/completeness.ts';
import { byText, type Ledger } from '../criteria/ledger.ts';
import { worstWord, type End, type Track } from '../criteria/track.ts';
import { criteriaBars, judgeCensus, type LotFacts, type LotResult } from '../lots/census.ts';
import { judgeSample } from '../lots/sampled.ts';
import { SAMPLING_RISK, type Sampler } from '../lots/sampling.ts';
import { groupUnits, unitBars, unitsOf } from '../lots/units.ts';
import type { Coverage, Finding, Judgement, JudgeSetup, Stopped, Verdict, Word } from '../model.ts';
import type { Searching } from '../localisation/searching.ts';
import type { KnobPairs } from '../knobs/knob-pairs.ts';
import type { Planner } from '../requests/planner.ts';
import { nameOf } from '../show.ts';
import { coverageOf } from './coverage.ts';
import { gapFindings } from './gaps.ts';
import { foldNodes } from './nodes.ts';
import { type Scaling, scalingNotes, scalingOf } from './scaling.ts';
import { worstFinding } from './worst.ts';

export interface Basis {
  readonly setup: JudgeSetup;
  readonly tracks: readonly Track[];
  readonly ledger: Ledger;
  readonly completeness: Completeness;
  readonly planner: Planner;
  readonly searching: Searching;
  /** Node id → why it is not there. */
  readonly missing: ReadonlyMap<string, string>;
  readonly failed: (node: string) => boolean;
  /** Absent: every unit is tested. */
  readonly sampler: Sampler | undefined;
  readonly stopped: Stopped | undefined;
  readonly knobs: KnobPairs;
}

const STOPPED: Readonly<Record<Stopped, string>> = {
  budget: 'the budget was spent before it was decided',
  interrupted: 'the run was interrupted before it was decided',
  time: 'the time was up before it was decided',
};

const NOT_DRAWN = 'not drawn for the sample';

/** What is kept of a track's findings: 10,000 nodes have millions, so one track's are held at a time. */
interface Judged {
  readonly track: Track;
  readonly row: Verdict['criteria'][number];
  readonly coverage: Coverage;
  readonly notPassed: readonly Finding[];
  readonly scaling: Scaling | undefined;
  /** How many findings it has. */
  readonly of: number;
}

/** The verdict, with everything in it sorted, and every finding. */
export function buildJudgement(basis: Basis): Judgement {
  const { setup, tracks, missing, completeness, planner } = basis;
  /** Left out of a sample on purpose. */
  const left = (node: string) => basis.sampler?.has(node) === false;
  const end: End = {
    whyNot: (cases, nodes) => (nodes.some(left) ? NOT_DRAWN : completeness.whyNot(cases, nodes)),
    ...(basis.stopped === undefined ? {} : { stopped: STOPPED[basis.stopped] }),
    failed: basis.failed,
    nodes: setup.nodes,
  };
  const findingsOf = (track: Track): readonly Finding[] => {
    const own = track.findings(end).map((finding) => basis.searching.held(finding, track));
    const gaps = gapFindings(track, coveredBy(own), end, planner, missing);
    return sorted([...own, ...gaps]);
  };
  const found = new Map(setup.nodes.map((node) => [node.id, node.accelerators.length]));
  const everyNode: readonly Node[] = [...setup.nodes, ...setup.missing.map((one) => one.node)];
  const planned = new Set(setup.plan.criteria.map((criterion) => criterion.id));
  const folded = foldNodes(
    everyNode,
    planned,
    new Map(tracks.map(({ criterion }) => [criterion.id, criterion])),
  );
  const judged = tracks.map((track): Judged => {
    const findings = findingsOf(track);
    if (track.criterion.mandatory) folded.take(findings);
    const { delivery } = setup.plan;
    return {
      track,
      row: criterionRow(track, findings),
      coverage: coverageOf(track, findings, delivery, found, left, sampledOf(basis)),
      notPassed: findings.filter((finding) => finding.verdict !== 'pass'),
      scaling: scalingOf(track, findings),
      of: findings.length,
    };
  });
  const nodes = folded.end();
  const words = new Map(nodes.rows.map((row) => [row.id, row.verdict]));
  const lot = judgeLot(basis, everyNode, {
    units: unitsOf(groupUnits(everyNode, setup.plan.delivery.unit), words),
    delivered: setup.plan.delivery.count ?? 0,
    decision: setup.plan.decision,
    wide: nodes.wideFails.map((finding) => ({
      nodes: subjectNodes(finding.subject),
      text: `${finding.criterion} fails on ${nameOf(finding.subject)}: ${finding.reason}`,
    })),
    bars: [...unitBars(everyNode, setup.plan.delivery.unit), ...barsOf(basis, judged)],
  });
  const verdict: Verdict = {
    schema: 'assay/verdict/1',
    origin: setup.origin,
    lot,
    nodes: nodes.rows,
    links: judged
      .filter((one) => one.track.criterion.per === 'link')
      .flatMap((one) => one.notPassed)
      .filter((finding) => finding.subject.kind === 'link')
      .map(({ subject, verdict: word, reason }) => ({ subject, verdict: word, reason })),
    groups: basis.searching.groups,
    criteria: judged.filter(shown).map(({ row }) => row),
    findings: judged.flatMap((one) => one.notPassed),
    coverage: judged.filter(shown).map(({ coverage }) => coverage),
    errorRates: errorRates(basis),
    notes: [
      ...tracks.flatMap((track) => track.notes),
      ...completeness.notes,
      ...searchNotes(basis),
      ...scalingNotes(
        judged.flatMap(({ scaling }) => scaling ?? []),
        setup.metrics,
      ),
      ...basis.knobs.notes(setup.metrics),
    ],
    attempts: basis.ledger.failed(),
  };
  return {
    verdict,
    findings: {
      *[Symbol.iterator]() {
        for (const track of tracks) yield* findingsOf(track);
      },
    },
  };
}

function searchNotes({ searching }: Basis): string[] {
  return [
    ...[...searching.byCase.values()].flatMap((search) => search.notes()),
    ...searching.ofGroups.notes(),
  ];
}

function judgeLot(basis: Basis, nodes: readonly Node[], facts: LotFacts): LotResult {
  const { sampling } = basis.setup.plan.decision;
  const { sampler } = basis;
  if (sampling === undefined || sampler === undefined) return judgeCensus(facts);
  const racks = new Map(
    nodes.map((node) => [node.id, node.domains.find((one) => one.kind === 'rack')?.id ?? '']),
  );
  return judgeSample(
    facts,
    sampling,
    (unit) => unit.nodes.some((node) => sampler.has(node)),
    (unit) => racks.get(unit.nodes[0] ?? '') ?? '',
  );
}

function sampledOf({ sampler }: Basis): { n: number; consumerRisk: number } | undefined {
  if (sampler === undefined || sampler.drawn.length >= sampler.lot) return undefined;
  return { n: sampler.drawn.length, consumerRisk: SAMPLING_RISK };
}

/** A criterion of our own that had nothing to look at is not shown; one of the plan always is. */
function shown({ track, of }: Judged): boolean {
  return !track.implicit || of > 0;
}

function barsOf(basis: Basis, judged: readonly Judged[]): string[] {
  const { plan } = basis.setup;
  const bars = criteriaBars(plan.criteria, plan.part !== undefined, plan.delivery.sku);
  for (const { track, of, notPassed } of judged) {
    const { id, mandatory } = track.criterion;
    if (track.implicit || !mandatory) continue;
    if (of === 0) bars.push(`${id} was judged on nothing`);
    // Nodes carry their own gaps; a gap on the whole lot has no node to show it.
    const gap = notPassed.find((one) => one.subject.kind === 'lot' && one.verdict !== 'fail');
    if (gap !== undefined) bars.push(`${id} on the lot is ${gap.verdict}: ${gap.reason}`);
  }
  if (basis.stopped !== undefined) bars.push(STOPPED[basis.stopped]);
  return bars;
}

function criterionRow(track: Track, findings: readonly Finding[]): Verdict['criteria'][number] {
  const counts: Record<Word, number> = { pass: 0, fail: 0, inconclusive: 0, 'not-tested': 0 };
  for (const finding of findings) counts[finding.verdict] += 1;
  const worst = worstFinding(track.criterion, findings);
  return {
    ...track.criterion,
    verdict: worstWord(findings.map((finding) => finding.verdict)) ?? 'not-tested',
    counts,
    ...(worst === undefined ? {} : { worst }),
  };
}

function errorRates({ setup, tracks }: Basis): Verdict['errorRates'] {
  const { decision } = setup.plan;
  const seen = new Set<string>();
  const repeatability = tracks.flatMap((track) => {
    const one = track.repeatability;
    if (one === undefined) return [];
    const key = JSON.stringify(one);
    if (seen.has(key)) return [];
    seen.add(key);
    return [one];
  });
  return {
    consumerRisk: decision.consumerRisk,
    producerRisk: decision.producerRisk,
    decisions: tracks.reduce((sum, track) => sum + track.decisions, 0),
    maxTrials: Math.max(0, ...tracks.map((track) => track.maxTrials)),
    repeatability,
  };
}

function coveredBy(findings: readonly Finding[]): Set<string> {
  const covered = new Set<string>();
  for (const { subject } of findings) {
    if ('node' in subject) {
      covered.add(subject.node);
      continue;
    }
    const nodes = subjectNodes(subject);
    for (const node of nodes) covered.add(node);
    if (nodes.length > 1) covered.add([...nodes].sort().join('~'));
    if (subject.kind === 'lot') covered.add('lot');
  }
  return covered;
}

function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => bySubject(a.subject, b.subject));
}

/** By nodes, then by what stands on them: the order of the fleet, whatever was measured first. */
function bySubject(a: Subject, b: Subject): number {
  if (a.kind === 'accelerator' && b.kind === 'accelerator' && a.node === b.node) {
    return byText(a.accelerator, b.accelerator);
  }
  if ('node' in a && 'node' in b && a.node !== b.node) return byText(a.node, b.node);
  return (
    byText(subjectNodes(a).join('~'), subjectNodes(b).join('~')) ||
    byText(subjectKey(a), subjectKey(b))
  );
}
