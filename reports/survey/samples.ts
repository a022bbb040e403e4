/** Samples: kept one by one where there are few or where a finding needs them, else as a spread. */
import { matches, subjectKey } from '../../plan/subject.ts';
import type { Group, RunReader } from '../../campaign/directory/model.ts';
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
  for await (const group of run.sampleGroups()) {
    samplesTotal += group.rows;
    const kinds = kindsOf(group, byMetric, of.spreads);
    const keys = group.column('subject_key');
    const values = group.column('value');
    for (let at = 0; at < group.rows; at += 1) {
      const kind = kinds(at);
      if (kind.judged.length === 0) {
        if (!spread(unjudged, kind, Number(values[at]))) unjudgedLeftOut += 1;
        continue;
      }
      if (kind.pairs.length > 0) {
        const sample = group.row(at);
        for (const spread of kind.pairs) notePairOf(sample, spread, of.nodeIndex);
      }
      const subject = String(keys[at]);
      const shown = kind.judged.some((criterion) => wanted.has(`${criterion.id}\t${subject}`));
      if (!shown && every === undefined) continue;
      const sample = group.row(at);
      if (shown) needed.push(sample);
      every?.push(sample);
      if (every !== undefined && every.length > EVERY) every = undefined;
    }
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
  { pairs, criterion: { bound, limit } }: Spread,
  nodeIndex: Survey['nodeIndex'],
): void {
  if (pairs === undefined || subject.kind !== 'link') return;
  const [one, other] = subject.ends.map((node) => nodeIndex.get(node));
  if (one === undefined || other === undefined) return;
  notePair(pairs, one, other, marginOf(value, { bound, limit: limit.value }));
}

/** What many samples have in common. */
interface Kind {
  readonly metric: string;
  readonly parameters: Parameters;
  readonly judged: readonly Criterion[];
  /** Of those on links. */
  readonly pairs: readonly Spread[];
}

/** The kind of each row; most rows are of the kind of the one before. */
function kindsOf(
  group: Group<Sample>,
  byMetric: ReadonlyMap<string, readonly Criterion[]>,
  spreads: Survey['spreads'],
) {
  const metrics = group.column('metric');
  const subjects = group.column('subject_kind');
  const parameters = group.column('parameters');
  const known = new Map<string, Kind>();
  let before = -1;
  let kind: Kind | undefined;
  return (at: number): Kind => {
    const same =
      before >= 0 &&
      metrics[at] === metrics[before] &&
      subjects[at] === subjects[before] &&
      parameters[at] === parameters[before];
    before = at;
    if (same && kind !== undefined) return kind;
    const key = `${String(metrics[at])}\n${String(subjects[at])}\n${String(parameters[at])}`;
    kind = known.get(key);
    if (kind === undefined) {
      const sample = group.row(at);
      const judged = byMetric.get(sample.metric)?.filter((one) => appliesTo(one, sample)) ?? [];
      const pairs = judged.flatMap(({ id }) => spreads.get(id) ?? []).filter((one) => one.pairs);
      kind = { metric: sample.metric, parameters: sample.parameters, judged, pairs };
      known.set(key, kind);
    }
    return kind;
  };
}

function spread(
  unjudged: Map<string, Unjudged>,
  { metric, parameters }: Kind,
  value: number,
): boolean {
  const key = kindKey(metric, parameters);
  let kind = unjudged.get(key);
  if (kind === undefined) {
    if (unjudged.size >= KINDS) return false;
    kind = { metric, parameters, values: new Growing() };
    unjudged.set(key, kind);
  }
  kind.values.push(value);
  return true;
}

/** Kinds' names by their parameters, which are shared. */
const names = new WeakMap<Parameters, Map<string, string>>();

function kindKey(metric: string, parameters: Parameters): string {
  const own = names.get(parameters) ?? new Map<string, string>();
  names.set(parameters, own);
  const known = own.get(metric);
  if (known !== undefined) return known;
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  const key = JSON.stringify([metric, sorted]);
  own.set(metric, key);
  return key;
}
