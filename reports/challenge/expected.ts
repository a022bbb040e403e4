/** A finding as its pack expects it: which printed number is meant, and what it was. */
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Criterion } from '../../plan/model.ts';
import type { Attempt, Sample } from '../../suites/model.ts';
import type { Finding } from '../../verdicts/model.ts';
import { displayBeside } from '../figure.ts';
import { subjectText } from '../words.ts';
import type { Spoken } from './lines.ts';
import type { Expected, Reading } from './model.ts';

/** Relative: a constant that differs by more over the samples is none. */
const SAME = 1e-9;

interface Known {
  readonly samples: readonly Sample[];
  readonly spoken: readonly Spoken[];
  readonly attempts: readonly Attempt[];
  readonly case?: string;
}

export function expectedOf(
  run: RunReader,
  finding: Finding,
  criterion: Criterion,
  known: Known,
): Expected {
  const { estimate, subject } = finding;
  const places = run.fleet.nodes.flatMap((node) =>
    node.accelerators.map(({ id, index }) => [`${node.id} ${id}`, index] as const),
  );
  const index = new Map(places);
  const accelerator =
    subject.kind === 'accelerator'
      ? index.get(`${subject.node} ${subject.accelerator}`)
      : undefined;
  const { factor, unit } = displayBeside(run.fleet.metrics, criterion);
  const reading = readingOf(known, criterion, accelerator);
  return {
    criterion: criterion.id,
    ...(criterion.clause !== undefined && { clause: criterion.clause }),
    subject: subjectText(subject, (node, id) => {
      const place = index.get(`${node} ${id}`);
      return place === undefined ? undefined : `accelerator ${place}`;
    }),
    case: known.case ?? '',
    reason: finding.reason,
    ...(criterion.decide !== 'exact' &&
      estimate !== undefined &&
      reading !== undefined && {
        number: {
          reading,
          unit,
          factor,
          value: estimate.value * factor,
          ...(estimate.interval && {
            interval: [estimate.interval[0] * factor, estimate.interval[1] * factor] as const,
          }),
          n: estimate.n,
          estimate: estimate.interval ? ('geometric-mean' as const) : ('median' as const),
          bound: criterion.bound,
          limit: criterion.limit.value * factor,
        },
      }),
    ...(criterion.decide === 'exact' && { check: checkOf(known, finding, criterion, accelerator) }),
    failures: known.attempts.flatMap(({ outcome }) =>
      outcome?.status === 'failed' ? [`${outcome.code}: ${outcome.message}`] : [],
    ),
  };
}

/** The printed number that a value was read from; where the two differ, the constant between them. */
function readingOf(
  { samples, spoken }: Known,
  criterion: Criterion,
  accelerator: number | undefined,
): Reading | undefined {
  const lines = new Map(spoken.map((one) => [`${one.stream}:${one.line}`, one.said]));
  const pairs = samples.flatMap((sample) => {
    const said = lines.get(`${sample.evidence.stream}:${sample.evidence.line}`);
    return said?.kind === 'sample' ? [{ sample, said }] : [];
  });
  const [first] = pairs;
  if (first === undefined) return undefined;
  const about = {
    metric: first.said.metric,
    parameters: first.said.parameters,
    ...(accelerator !== undefined && { accelerator }),
  };
  const worst = criterion.bound === 'at-least' ? 'lowest' : 'highest';
  if (pairs.every(({ sample, said }) => near(sample.value, said.value))) return { ...about, worst };
  const inverse = first.sample.value * first.said.value;
  const constant = pairs.every(({ sample, said }) => near(sample.value * said.value, inverse));
  return constant ? { ...about, inverse, worst } : undefined;
}

function near(one: number, other: number): boolean {
  return Math.abs(one - other) <= SAME * Math.abs(other);
}

function checkOf(
  { spoken }: Known,
  { attempts, subject }: Finding,
  { metric }: Criterion,
  accelerator: number | undefined,
): NonNullable<Expected['check']> {
  const own = new Set(attempts);
  const seen = spoken.flatMap(({ attempt, node, said }) => {
    if (!own.has(attempt) || said.kind !== 'check' || said.name !== metric) return [];
    if ('node' in subject && subject.node !== node) return [];
    if (accelerator !== undefined && said.accelerator !== accelerator) return [];
    return [said.digest ?? (said.ok === true ? 'right' : 'wrong')];
  });
  return {
    name: metric,
    ...(accelerator !== undefined && { accelerator }),
    seen: [...new Set(seen)],
  };
}
