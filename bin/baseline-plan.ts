/** The plan of a quick check against an accepted run: this node, by what its lot did when it was accepted. */
import { median } from 'simple-statistics';
import { openRun } from '../campaign/directory/reader.ts';
import type { RunReader } from '../campaign/directory/model.ts';
import { HarnessError } from '../plan/errors.ts';
import type { Criterion, Plan } from '../plan/model.ts';
import { matches, subjectKey } from '../plan/subject.ts';
import type { Sample } from '../suites/model.ts';
import { spreadOf } from '../verdicts/decision/repeatability.ts';
import { composeRun, type Composed } from './compose.ts';

/** Seconds of warming up and of measuring: a check is a look, not a soak. */
const SHORT = { settle: 1, window: 1 } as const;
/** Two trials can tell a broken part, a third a doubtful one. */
const TRIALS = 3;
/** P(a part that is as good as the baseline's limit is drained), over all that is checked. */
const PRODUCER_RISK = 0.001;
const CONSUMER_RISK = 0.05;

/**
 * @param path an accepted run of parts like this node's
 * @param tolerance share that a part may be below the lowest part that was accepted
 * @param within seconds for all of it
 * @throws {HarnessError} USAGE when the run accepted nothing
 */
export async function baselinePlan(
  path: string,
  tolerance: number,
  within: number,
): Promise<Composed> {
  const run = await openRun(path);
  try {
    if (!run.sealed || run.verdict?.lot.verdict !== 'accept') {
      throw new HarnessError('USAGE', `${path} is no accepted run`, {
        hint: 'Give --baseline a sealed run whose lot was accepted.',
      });
    }
    return await composeRun(await planFrom(run, tolerance, within));
  } finally {
    await run.close();
  }
}

async function planFrom(run: RunReader, tolerance: number, within: number): Promise<Plan> {
  const { plan, id } = run;
  const wanted = plan.criteria.filter(
    ({ metric, per }) =>
      /^(?:matmul|readiness)\./u.test(metric) && (per === 'accelerator' || per === 'node'),
  );
  const levels = wanted.filter(({ decide }) => decide === 'level');
  const values = await valuesOf(run, levels);
  const sigma: Record<string, number> = {};
  const criteria = wanted.map((criterion): Criterion => {
    if (criterion.decide !== 'level') return criterion;
    const parts = values.get(criterion.id) ?? [];
    const spread = spreadOf(parts.map((some) => some.map(Math.log)));
    // Measured once each: nothing is known of how far one trial strays.
    if (spread === undefined || spread.degrees < 1) return { ...criterion, mandatory: false };
    sigma[criterion.metric] = Math.max(
      spread.sigma,
      spread.classical,
      sigma[criterion.metric] ?? 0,
    );
    const sign = criterion.bound === 'at-least' ? -1 : 1;
    const medians = parts.map((some) => median([...some])).sort((a, b) => (a - b) * -sign);
    const reference = medians[0] as number;
    const source = `accepted run ${id}: the lowest of ${parts.length === 1 ? 'one part' : `${parts.length} parts`}`;
    return {
      ...criterion,
      // A measured reference, as the catalogue's floors are; the contract says something else.
      standing: 'catalogue',
      limit: {
        value: reference * (1 + sign * tolerance),
        source: `${source}, ${tolerance * 100} % off`,
      },
      nominal: { value: reference, source },
    };
  });
  const { price: _price, ...delivery } = plan.delivery;
  const { grace, lease, python, become } = plan.fleet;
  return {
    ...plan,
    purpose: 'check',
    delivery: { ...delivery, count: 1 },
    fleet: {
      runner: 'local',
      options: {},
      grace,
      lease,
      ...(python !== undefined && { python }),
      ...(become !== undefined && { become }),
    },
    suites: plan.suites
      .filter((suite) => suite.id === 'matmul')
      .map((suite) => ({ ...suite, options: shortened(suite.options) })),
    criteria,
    decision: {
      ...plan.decision,
      sigma,
      maxTrials: TRIALS,
      consumerRisk: CONSUMER_RISK,
      producerRisk: PRODUCER_RISK,
    },
    budget: { wallTime: within },
  };
}

function shortened(options: object): object {
  const given = options as Readonly<Record<keyof typeof SHORT, unknown>>;
  const least = (key: keyof typeof SHORT) => Math.min(SHORT[key], Number(given[key] ?? SHORT[key]));
  return { ...options, settle: least('settle'), window: least('window') };
}

/** Criterion id → values of each part that was measured. */
async function valuesOf(
  run: RunReader,
  criteria: readonly Criterion[],
): Promise<ReadonlyMap<string, readonly (readonly number[])[]>> {
  const found = new Map<string, Map<string, number[]>>();
  for await (const sample of run.samples()) {
    for (const criterion of criteria) {
      if (!isOf(sample, criterion)) continue;
      const parts = found.get(criterion.id) ?? new Map<string, number[]>();
      const key = subjectKey(sample.subject);
      parts.set(key, [...(parts.get(key) ?? []), sample.value]);
      found.set(criterion.id, parts);
    }
  }
  return new Map([...found].map(([id, parts]) => [id, [...parts.values()]]));
}

function isOf(sample: Sample, { metric, where, per }: Criterion): boolean {
  return (
    sample.metric === metric &&
    sample.subject.kind === per &&
    sample.value > 0 &&
    matches(where, sample.parameters)
  );
}
