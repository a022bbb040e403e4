/** Level and tail criteria: every value of one subject past the bound, and none at all. */
import type { Criterion } from '../../plan/model.ts';
import { ofCases, records, type Printed } from './edits.ts';
import type { Healthy, Proofs } from './model.ts';
import { casesOf, concerns } from './promises.ts';

/** Share by which broken values miss the bound. */
const MISS = 0.15;

export function figureRules(criterion: Criterion, healthy: Healthy): Proofs {
  const { victim, verdict, accelerator } = healthy;
  const which = ofCases(victim, casesOf(criterion, healthy.cases));
  const row = verdict.criteria.find((one) => one.id === criterion.id);
  const seen = row?.worst?.estimate?.value;
  if (seen === undefined) return 'the healthy fleet gave no value of it';
  const low = criterion.bound === 'at-least';
  const aim = criterion.limit.value * (low ? 1 - MISS : 1 + MISS);
  const scale = aim / seen;
  const percent = Math.round(100 * MISS);
  return {
    past: {
      broken: `every ${criterion.metric} of ${victim} ${percent} % ${low ? 'below' : 'above'} its limit`,
      break: {
        bytes: records(which, (line) =>
          isValue(line) && concerns(criterion, line, accelerator)
            ? scaled(line, criterion, scale)
            : line,
        ),
      },
    },
    absent: {
      broken: `no ${criterion.metric} from ${victim}`,
      break: {
        bytes: records(which, (line) =>
          isValue(line) && concerns(criterion, line, accelerator) ? undefined : line,
        ),
      },
    },
  };
}

function isValue(line: Printed): boolean {
  return line['kind'] === 'sample' && typeof line['value'] === 'number';
}

function scaled(line: Printed, criterion: Criterion, scale: number): Printed {
  const inverse = isTime(line['metric']) && !isTime(criterion.metric);
  const factor = inverse ? 1 / scale : scale;
  const { tally, iterations, value } = line;
  return {
    ...line,
    value: (value as number) * factor,
    ...(iterations !== undefined && { iterations: timesAll(iterations as Counts, factor) }),
    ...(tally !== undefined && { tally: { ...(tally as Counts), over: (tally as Counts)['of'] } }),
  };
}

type Counts = Readonly<Record<string, number>>;

/** How often is not how long. */
function timesAll(counts: Counts, factor: number): Counts {
  return Object.fromEntries(
    Object.entries(counts).map(([key, value]) => [key, key === 'n' ? value : value * factor]),
  );
}

function isTime(metric: unknown): boolean {
  return typeof metric === 'string' && metric.endsWith('.time');
}
