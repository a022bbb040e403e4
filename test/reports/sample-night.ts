/** A night as night.json has it, made up: one alarm that opened near a declared change, one that stands, one closed. */
import type { NightFile, OpenAlarm } from '../../campaign/nightly/model.ts';

const day = (at: number) =>
  new Date(Date.UTC(2026, 10, 1) + at * 86_400_000).toISOString().slice(0, 10);

const PARAMETERS = { dtype: 'bf16', mode: 'sustained', shape: 8192 };
const METRIC = 'matmul.gemm.throughput';
const CHANGED = 24;
const DECLARED = {
  id: 'declared-1',
  date: day(CHANGED - 1),
  what: 'driver 570→580',
};

function alarm(serial: string, more: Partial<OpenAlarm> = {}): OpenAlarm {
  return {
    id: `D-1 · ${METRIC} · node serial:${serial}`,
    kind: 'change',
    metric: METRIC,
    parameters: PARAMETERS,
    unit: 'FLOP/s',
    scope: { kind: 'node', id: `serial:${serial}` },
    serials: [`serial:${serial}`],
    past: [{ serial: `serial:${serial}`, criterion: 'bf16-sustained' }],
    affected: 1,
    since: day(CHANGED),
    lastGood: day(CHANGED - 1),
    opened: day(29),
    loss: 0.041,
    error: 0.004,
    fresh: 3,
    runs: ['r1', 'r2'],
    rules: ['shift'],
    near: [{ change: DECLARED, nights: -1 }],
    reason: '4.1 % worse (± 0.4 %) in 3 fresh runs of the night',
    ...more,
  };
}

function trend(title: string, subject: string, loss: number) {
  return {
    title,
    metric: METRIC,
    parameters: PARAMETERS,
    unit: 'FLOP/s',
    subject,
    nights: Array.from({ length: 30 }, (_, at) => ({
      date: day(at),
      value: 7.6e14 * (1 + 0.004 * Math.sin(at) - (at < CHANGED ? 0 : loss)),
    })),
    changes: loss === 0 ? [] : [{ date: day(CHANGED), before: 7.6e14, after: 7.6e14 * (1 - loss) }],
    accepted: 7.62e14,
  };
}

/** The night. */
export const sampleNight: NightFile = {
  schema: 'assay/night/1',
  night: day(29),
  delivery: 'D-1 / tranche <7>',
  origin: 'simulated',
  sku: 'h200-sxm',
  run: '20261130-013000-abcdef',
  freshRuns: ['r1', 'r2'],
  nodes: { fleet: 64, tested: 60, busy: 3, missing: 1 },
  rotation: { every: 7, overdueNodes: ['serial:X9'], overdueClasses: [] },
  missed: [day(28)],
  opened: [alarm('A1')],
  open: [alarm('B2', { opened: day(26), near: [] }), alarm('A1')],
  closed: [{ alarm: alarm('C3'), by: 'confirmation' }],
  undecided: [],
  cleared: 2,
  declared: [DECLARED],
  trends: [
    trend('serial:A1', 'serial:A1', 0.041),
    trend('serial:B2', 'serial:B2', 0.03),
    trend('median of the fleet', 'fleet', 0),
  ],
  metrics: [],
  used: { seconds: 900, nodeHours: 15 },
  exit: 1,
};
