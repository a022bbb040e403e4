/** From a number to its bytes: samples of a finding with stream, line and hash. */
import { subjectKey } from '../../../plan/subject.ts';
import type { Finding } from '../../../verdicts/model.ts';
import { showCount, showValue } from '../../figure.ts';
import { appliesTo } from '../../survey/samples.ts';
import { againstOf } from '../../survey/survey.ts';

import type { Context } from '../context.ts';

/** Attempts shown of one finding. */
const ATTEMPTS = 40;

/** A value, or a stream that a check was read from, and where it lies. */
export interface EvidenceRow {
  readonly attempt: string;
  readonly value: string;
  /** Its key within the attempt: step, node, stdout or stderr. */
  readonly stream: string;
  readonly line: string;
  readonly sha256: string;
}

/** Every sample behind a finding; where it has none (checks, no answer), the streams of its attempts. */
export function evidenceOf(context: Context, finding: Finding) {
  const samples = sampleRows(context, finding);
  const rows = [...samples, ...streamRows(context, finding, samples)];
  return {
    rows: rows.slice(0, ATTEMPTS),
    more: rows.length > ATTEMPTS ? showCount(rows.length - ATTEMPTS) : '',
    none: rows.length === 0,
    reason: finding.reason,
  };
}

function sampleRows(context: Context, finding: Finding): EvidenceRow[] {
  const criterion = context.criteria.get(finding.criterion);
  if (criterion === undefined) return [];
  const display = context.display(criterion);
  const subject = subjectKey(finding.subject);
  return (samplesBySubject(context).get(subject) ?? [])
    .filter((sample) => appliesTo(criterion, sample))
    .map((sample) => ({
      attempt: sample.attempt,
      value: `${showValue(sample.value, display, againstOf(criterion))} ${display.unit}`,
      stream: within(sample.attempt, sample.evidence.stream),
      line: String(sample.evidence.line),
      sha256: sample.evidence.sha256,
    }));
}

function streamRows(
  context: Context,
  finding: Finding,
  samples: readonly EvidenceRow[],
): EvidenceRow[] {
  const sampled = new Set(samples.map(({ attempt }) => attempt));
  return finding.attempts
    .filter((attempt) => !sampled.has(attempt))
    .flatMap((attempt) =>
      (context.survey.streams.get(attempt) ?? []).map((stream) => ({
        attempt,
        value: 'no value',
        stream: within(attempt, stream.key),
        line: `1–${stream.lines}`,
        sha256: stream.sha256,
      })),
    );
}

/** A stream's key starts with its attempt, which has a column of its own. */
function within(attempt: string, key: string): string {
  return key.startsWith(`${attempt}/`) ? key.slice(attempt.length + 1) : key;
}

const indexes = new WeakMap<object, ReturnType<typeof indexSamples>>();

function samplesBySubject({ survey }: Context) {
  const known = indexes.get(survey);
  if (known !== undefined) return known;
  const made = indexSamples(survey.samples);
  indexes.set(survey, made);
  return made;
}

function indexSamples(samples: Context['survey']['samples']) {
  const bySubject = new Map<string, (typeof samples)[number][]>();
  for (const sample of samples) {
    const key = subjectKey(sample.subject);
    const list = bySubject.get(key);
    if (list === undefined) bySubject.set(key, [sample]);
    else list.push(sample);
  }
  return bySubject;
}

/** The worst number of each criterion with its evidence: what the criteria table links to. */
export function worstEvidenceView(context: Context) {
  const { survey } = context;
  const worst = (survey.verdict?.criteria ?? []).flatMap((one) => (one.worst ? [one.worst] : []));
  return {
    total: showCount(survey.samplesTotal),
    complete: survey.samplesComplete,
    run: context.run.id,
    rows: worst.map((finding) => ({
      anchor: context.numberAnchor(finding),
      criterion: finding.criterion,
      subject: context.subject(finding.subject),
      evidence: evidenceOf(context, finding),
    })),
  };
}
