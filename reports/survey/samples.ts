/** Samples: kept one by one where there are few or where a finding needs them, else as a spread. */
import { matches, subjectKey } from '../../plan/subject.ts';
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Criterion, Parameters } from '../../plan/model.ts';
import type { Sample } from '../../suites/model.ts';
import type { Finding } from '../../verdicts/model.ts';
import { Growing } from '../growing.ts';

import { marginOf } from '../figure.ts';
import type { Spread, Survey, Unjudged } from './model.ts';
import { notePair } from './pairs.ts';

/** Samples that a report carries one by one for every subject; above it, only those of shown findings. */
const EVERY = 20_000;

/** Kinds of unjudged values listed; a sweep over sizes has some hundred. */
const KINDS = 400;

/**
 * Reads all samples once, and notes who was measured with whom: pairs of a screen have no finding of their own.
 *
 * @param shown findings whose samples are kept whatever their number
 */
export async function collectSamples(
  run: RunReader,
  shown: readonly Finding[],
  of: Pick<Survey, 'spreads' | 'nodeIndex'>,
) {
  const criteria = run.verdict?.criteria ?? run.plan.criteria;
  const byMetric = new Map<string, Criterion[]>();
  for (const criterion of criteria) {
    byMetric.set(criterion.metric, [...(byMetric.get(criterion.metric) ?? []), criterion]);
  }
  const wanted = new Set(shown.map((one) => `${one.criterion}\t${subjectKey(one.subject)}`));
  const needed: Sample[] = [];
  let every: Sample[] | undefined = [];
  const unjudged = new Map<string, Unjudged>();
  let samplesTotal = 0;
  let unjudgedLeftOut = 0;
  for await (const sample of run.samples()) {
    samplesTotal += 1;
    const judged = byMetric.get(sample.metric)?.filter((one) => appliesTo(one, sample)) ?? [];
    if (judged.length === 0) {
      if (!spread(unjudged, sample)) unjudgedLeftOut += 1;
      continue;
    }
    for (const criterion of judged) notePairOf(sample, of.spreads.get(criterion.id), of.nodeIndex);
    const subject = subjectKey(sample.subject);
    if (judged.some((criterion) => wanted.has(`${criterion.id}\t${subject}`))) needed.push(sample);
    every?.push(sample);
    if (every !== undefined && every.length > EVERY) every = undefined;
  }
  return {
    samples: every ?? needed,
    samplesComplete: every !== undefined,
    samplesTotal,
    unjudged: [...unjudged.values()],
    unjudgedLeftOut,
  };
}

/** Whether a criterion is about this sample: its metric, its kind of subject, its parameters. */
export function appliesTo(criterion: Criterion, sample: Sample): boolean {
  return (
    criterion.metric === sample.metric &&
    criterion.per === sample.subject.kind &&
    matches(criterion.where, sample.parameters)
  );
}

function notePairOf(
  { subject, value }: Sample,
  spread: Spread | undefined,
  nodeIndex: Survey['nodeIndex'],
): void {
  if (spread?.pairs === undefined || subject.kind !== 'link') return;
  const [one, other] = subject.ends.map((node) => nodeIndex.get(node));
  if (one === undefined || other === undefined) return;
  const { bound, limit } = spread.criterion;
  notePair(spread.pairs, one, other, marginOf(value, { bound, limit: limit.value }));
}

function spread(unjudged: Map<string, Unjudged>, sample: Sample): boolean {
  const key = kindKey(sample.metric, sample.parameters);
  let kind = unjudged.get(key);
  if (kind === undefined) {
    if (unjudged.size >= KINDS) return false;
    kind = { metric: sample.metric, parameters: sample.parameters, values: new Growing() };
    unjudged.set(key, kind);
  }
  kind.values.push(sample.value);
  return true;
}

function kindKey(metric: string, parameters: Parameters): string {
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([metric, sorted]);
}
