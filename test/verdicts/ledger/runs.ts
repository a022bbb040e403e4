/** Runs of a delivery as campaign/history would hand them over, from a word a serial. */
import type { Criterion, Plan } from '../../../plan/model.ts';
import type { Identity } from '../../../runners/model.ts';
import type { DeliveryRun, Finding, Verdict, Word } from '../../../verdicts/model.ts';
import { plan, SUSTAINED } from '../fleet.ts';

/** A node of a run: `A: 'pass'` is serial A under host name `host-A`. */
export type Machines = Readonly<
  Record<
    string,
    Word | { readonly word: Word; readonly name?: string; readonly identity?: readonly Identity[] }
  >
>;

export interface RunOptions {
  readonly run?: string;
  readonly day?: string;
  readonly count?: number | undefined;
  readonly delivery?: Partial<Plan['delivery']>;
  readonly terms?: string;
  readonly fleet?: string;
  readonly missing?: number;
  readonly criteria?: readonly (Criterion & { readonly verdict?: Word })[];
  readonly findings?: readonly Finding[];
  readonly lot?: Verdict['lot']['verdict'];
  readonly rack?: string;
}

/** Node ids are n0001 … in the order of the serials. */
export function deliveryRun(at: number, machines: Machines, options: RunOptions = {}): DeliveryRun {
  const criteria = options.criteria ?? [SUSTAINED];
  const run = `run-${at}`;
  const rows = Object.entries(machines).map(([serial, given], index) => {
    const one = typeof given === 'string' ? { word: given } : given;
    return {
      id: `n${String(index + 1).padStart(4, '0')}`,
      word: one.word,
      name: one.name ?? `host-${serial}`,
      identity: one.identity ?? [{ kind: 'serial' as const, value: serial }],
    };
  });
  const count = 'count' in options ? options.count : 3;
  const own = plan({ criteria });
  const whole: Plan = {
    ...own,
    delivery: { ...own.delivery, ...(count !== undefined && { count }), ...options.delivery },
  };
  return {
    run,
    sealedAt: `${options.day ?? `2026-12-0${at}`}T10:00:00.000Z`,
    terms: options.terms ?? 'terms',
    fleet: options.fleet ?? 'fleet',
    plan: whole,
    verdict: verdict(rows, criteria, options),
    nodes: rows.map(({ id, name, identity }) => ({
      id,
      name,
      identity,
      domains: options.rack === undefined ? [] : [{ kind: 'rack', id: options.rack, from: 'plan' }],
    })),
    missing: options.missing ?? 0,
  };
}

function verdict(
  rows: readonly { readonly id: string; readonly word: Word }[],
  criteria: NonNullable<RunOptions['criteria']>,
  options: RunOptions,
): Verdict {
  return {
    schema: 'assay/verdict/1',
    origin: 'hardware',
    lot: {
      verdict: options.lot ?? 'inconclusive',
      reasons: [],
      delivered: rows.length,
      tested: rows.length,
      accepted: 0,
      rejected: 0,
      inconclusive: 0,
      notTested: 0,
    },
    nodes: rows.map(({ id, word }) => ({
      id,
      identity: '',
      verdict: word,
      reasons: word === 'pass' ? [] : [`${id} is ${word}`],
      accelerators: [],
    })),
    links: [],
    groups: [],
    criteria: criteria.map((one) => ({
      ...one,
      verdict: one.verdict ?? 'pass',
      counts: { pass: 0, fail: 0, inconclusive: 0, 'not-tested': 0 },
    })),
    findings: options.findings ?? [],
    coverage: [],
    errorRates: {
      consumerRisk: 0.001,
      producerRisk: 0.01,
      decisions: 1,
      maxTrials: 5,
      repeatability: [],
    },
    notes: [],
    attempts: [],
  };
}
