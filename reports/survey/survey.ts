/** One pass over each file of a run, in the order in which later ones need earlier ones. */
import { subjectKey, subjectNodes } from '../../plan/subject.ts';
import type { RunReader, StreamEntry, TelemetryRow } from '../../campaign/directory/model.ts';
import type { Criterion, Expense } from '../../plan/model.ts';
import type { Finding } from '../../verdicts/model.ts';
import { marginOf } from '../figure.ts';
import { Growing } from '../growing.ts';

import { tallyAttempts } from './attempts.ts';
import type { Spread, Survey } from './model.ts';
import { pairSquare } from './pairs.ts';
import { collectSamples } from './samples.ts';

/** Findings whose evidence is in the report in full; further ones are counted and named. */
const FULL_FINDINGS = 20_000;

/** Reads what the reports show of a run. */
export async function surveyRun(run: RunReader): Promise<Survey> {
  const nodeIds = nodesOf(run);
  const nodeIndex = new Map(nodeIds.map((id, index) => [id, index]));
  const attempts = await tallyAttempts(run);
  const { spreads, findings } = await spreadFindings(run, nodeIndex);
  const shown = shownFindings(run, spreads);
  const samples = await collectSamples(run, shown, { spreads, nodeIndex });
  const named = new Set([
    ...samples.samples.map((sample) => sample.attempt),
    ...shown.flatMap((finding) => finding.attempts),
    ...attempts.lost.map(({ attempt }) => attempt.id),
  ]);
  const { streams, redactions } = await namedStreams(run, named);
  const journal = await journalOf(run);
  return {
    nodeIds,
    nodeIndex,
    ...(run.verdict && { verdict: run.verdict }),
    spreads,
    findings,
    ...samples,
    ...attempts,
    streams,
    redactions,
    telemetry: await telemetryOf(run, nodeIds, spreads),
    ...journal,
  };
}

/** Every node of the delivery once: those of the verdict, else those of the fleet and the missing. */
function nodesOf(run: RunReader): readonly string[] {
  if (run.verdict !== undefined) return run.verdict.nodes.map((node) => node.id);
  return [
    ...run.fleet.nodes.map((node) => node.id),
    ...run.fleet.missing.map((missing) => missing.node),
  ];
}

async function spreadFindings(run: RunReader, nodeIndex: ReadonlyMap<string, number>) {
  const spreads = new Map<string, Spread>(
    (run.verdict?.criteria ?? run.plan.criteria).map((criterion) => [
      criterion.id,
      {
        criterion,
        values: new Growing(),
        marked: [],
        worst: new Float64Array(nodeIndex.size).fill(NaN),
        n: new Uint16Array(nodeIndex.size),
        ...(criterion.per === 'link' && { pairs: pairSquare(nodeIndex.size) }),
      },
    ]),
  );
  let findings = 0;
  for await (const group of run.findingGroups()) {
    findings += group.rows;
    const [criteria, verdicts, values] = ['criterion', 'verdict', 'value'].map((name) =>
      group.column(name),
    );
    const [nodes, trials] = ['node', 'n'].map((name) => group.column(name));
    for (let at = 0; at < group.rows; at += 1) {
      const spread = spreads.get(String(criteria?.[at]));
      const value = values?.[at] ?? undefined;
      // An exact criterion has a word, not a level.
      if (spread === undefined || value === undefined || spread.criterion.decide === 'exact')
        continue;
      const node = nodes?.[at];
      const passed = verdicts?.[at] === 'pass';
      // Whole rows only where more than a figure is shown of them.
      const finding = passed && typeof node === 'string' ? undefined : group.row(at);
      spread.values.push(Number(value));
      if (!passed && finding !== undefined) {
        spread.marked.push({ value: Number(value), finding });
      }
      const own = finding === undefined ? [String(node)] : subjectNodes(finding.subject);
      note(spread, own, { value: Number(value), n: Number(trials?.[at]) }, nodeIndex);
    }
  }
  return { spreads, findings };
}

function note(
  spread: Spread,
  nodes: readonly string[],
  estimate: { readonly value: number; readonly n: number },
  nodeIndex: ReadonlyMap<string, number>,
): void {
  const against = againstOf(spread.criterion);
  for (const node of nodes) {
    const index = nodeIndex.get(node);
    if (index === undefined) continue;
    const before = spread.worst[index] ?? NaN;
    if (Number.isNaN(before) || marginOf(estimate.value, against) < marginOf(before, against)) {
      spread.worst[index] = estimate.value;
      spread.n[index] = Math.min(estimate.n, 0xffff);
    }
  }
}

/** A criterion's limit in the form that figures are shown against. */
export function againstOf(criterion: Criterion) {
  return { bound: criterion.bound, limit: criterion.limit.value } as const;
}

/** Findings that the report shows with their evidence: all that did not pass, and each criterion's worst. */
function shownFindings(run: RunReader, spreads: ReadonlyMap<string, Spread>): readonly Finding[] {
  const worst = run.verdict?.criteria.flatMap(({ worst: one }) => (one ? [one] : [])) ?? [];
  const bad =
    run.verdict?.findings ??
    [...spreads.values()].flatMap((one) => one.marked.map(({ finding }) => finding));
  const seen = new Set<string>();
  return [...worst, ...bad].slice(0, FULL_FINDINGS).filter((finding) => {
    const key = `${finding.criterion}\t${subjectKey(finding.subject)}`;
    const fresh = !seen.has(key);
    seen.add(key);
    return fresh;
  });
}

async function namedStreams(run: RunReader, named: ReadonlySet<string>) {
  const streams = new Map<string, StreamEntry[]>();
  let redactions = 0;
  for await (const stream of run.streams()) {
    redactions += stream.redactions;
    if (!named.has(stream.attempt)) continue;
    const list = streams.get(stream.attempt);
    if (list === undefined) streams.set(stream.attempt, [stream]);
    else list.push(stream);
  }
  return { streams, redactions };
}

async function telemetryOf(
  run: RunReader,
  nodeIds: readonly string[],
  spreads: ReadonlyMap<string, Spread>,
): Promise<Survey['telemetry']> {
  const { worst, median } = extremes(nodeIds, spreads);
  const rows: TelemetryRow[] = [];
  const wanted = new Set([worst, median].filter((node) => node !== undefined));
  if (wanted.size > 0) {
    for await (const group of run.telemetryGroups(wanted)) {
      const nodes = group.column('node');
      for (let at = 0; at < group.rows; at += 1) {
        if (wanted.has(String(nodes[at]))) rows.push(group.row(at));
      }
    }
  }
  return { ...(worst !== undefined && { worst }), ...(median !== undefined && { median }), rows };
}

/** Node with the least margin over all criteria, and the one in the middle of that order. */
function extremes(nodeIds: readonly string[], spreads: ReadonlyMap<string, Spread>) {
  const margins = nodeIds.map((id, index) => ({ id, margin: leastMargin(spreads, index)?.margin }));
  const known = margins.flatMap(({ id, margin }) => (margin === undefined ? [] : [{ id, margin }]));
  known.sort((a, b) => a.margin - b.margin || (a.id < b.id ? -1 : 1));
  const worst = known[0]?.id;
  const median = known[Math.floor(known.length / 2)]?.id;
  return { worst, median: median === worst ? undefined : median };
}

/** The criterion on which a node is nearest to, or furthest past, its limit. */
export function leastMargin(spreads: ReadonlyMap<string, Spread>, node: number) {
  let least: { spread: Spread; value: number; margin: number } | undefined;
  for (const spread of spreads.values()) {
    const value = spread.worst[node];
    if (value === undefined || Number.isNaN(value)) continue;
    const margin = marginOf(value, againstOf(spread.criterion));
    if (least === undefined || margin < least.margin) least = { spread, value, margin };
  }
  return least;
}

async function journalOf(run: RunReader): Promise<Pick<Survey, 'from' | 'to' | 'used'>> {
  let from: string | undefined;
  let to: string | undefined;
  let used: Expense | undefined;
  for await (const event of run.journal()) {
    // Written after the report: it must not make a report of a sealed run another one.
    if (event.event === 'sealed') continue;
    from ??= event.at;
    to = event.at;
    if (event.event === 'used') used = event['used'] as Expense;
  }
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(used && { used }),
  };
}
