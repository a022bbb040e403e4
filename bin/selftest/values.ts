/** What good parts do by a plan's own limits: for plans that were written for real nodes. */
import type { Criterion, Plan } from '../../plan/model.ts';
import { busbwFactor, isCollective, movedBytes } from '../../suites/nccl/collectives.ts';

/** How far good parts are from the nominal, or from the limit where there is none. */
const OVER_NOMINAL = 1.02;
const OVER_LIMIT = 1.12;
/** FLOP/s and B/s of a part whose datasheet has no such figure: not held against anything. */
const ANY = 1e12;

interface Value {
  readonly metric: string;
  readonly where: Criterion['where'];
  readonly value: number;
}

/** One value a level or tail criterion, then one for whatever a part has no datasheet figure for. */
export function goodValues(plan: Plan): readonly Value[] {
  const values = plan.criteria
    .filter((one) => one.decide === 'level' || one.decide === 'tail')
    .map((one) =>
      collectiveValue(plan, { metric: one.metric, where: one.where, value: good(one) }),
    );
  if (plan.part === undefined || plan.part.kind === 'cpu') return values;
  const peaks = Object.keys(plan.part.peaks).map((dtype) => ({
    metric: 'matmul.gemm.throughput',
    where: { dtype },
    value: 0.75 * (plan.part?.peaks[dtype]?.value ?? ANY),
  }));
  return [...values, ...peaks, { metric: 'matmul.gemm.throughput', where: {}, value: ANY }];
}

function good({ bound, limit, nominal }: Criterion): number {
  const from = nominal?.value ?? limit.value;
  const over = nominal === undefined ? OVER_LIMIT : OVER_NOMINAL;
  return bound === 'at-least' ? from * over : from / over;
}

/** A collective's node gives its busbw, whichever of the three figures the criterion is on. */
function collectiveValue(plan: Plan, value: Value): Value {
  const [suite, collective = '', figure] = value.metric.split('.');
  if (suite !== 'nccl' || !isCollective(collective)) return value;
  const { bytes, scope } = value.where;
  const nodes = scope === 'node' ? 1 : 2;
  const ranks = Math.max(2, plan.delivery.acceleratorsPerNode * nodes);
  const factor = busbwFactor(collective, ranks);
  const metric = `nccl.${collective}.busbw`;
  if (figure === 'algbw') return { ...value, metric, value: value.value * factor };
  if (figure !== 'time' || typeof bytes !== 'number') return value;
  const busbw = (movedBytes(collective, bytes, ranks) * factor) / value.value;
  return { ...value, metric, value: busbw };
}
