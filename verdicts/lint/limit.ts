/** A limit against the roofline: above it, far below it, lowered twice, or without a source. */
import type { Criterion, Sourced } from '../../plan/model.ts';
import { ceilingOf, namesNvls } from './ceiling.ts';
import type { CriterionCheck, Remark, Setting } from './model.ts';

/** Below this share of the datasheet a limit says nothing; below the second it is a slip of unit or typing. */
const SENSELESS = 0.1;
const SLIP = 0.01;
/** Sizes below which a collective is bound by latency, so that its bandwidth may be any share. */
const BANDWIDTH_BOUND = 256 * 2 ** 20;

/** Checks of a level's limit. */
export const limits: CriterionCheck = (criterion, setting) => {
  if (criterion.decide !== 'level') return source(criterion, setting);
  return [
    ...againstRoofline(criterion, setting),
    ...stacked(criterion, setting),
    ...source(criterion, setting),
  ];
};

function againstRoofline(criterion: Criterion, setting: Setting): readonly Remark[] {
  const { id, limit, bound } = criterion;
  const show = shown(criterion, setting);
  const ceiling = ceilingOf(criterion, setting);
  const roof =
    ceiling && `the roofline, ${show(ceiling.highest.value)} (${ceiling.highest.source})`;
  if (bound === 'at-least' && limit.value <= 0) {
    const message = `a limit of ${show(limit.value)} passes every part${roof === undefined ? '' : `; compare ${roof}`}`;
    return [
      { level: 'error', criterion: id, message, hint: 'Write a limit that a bad part misses.' },
    ];
  }
  if (ceiling === undefined || roof === undefined || bound !== 'at-least') return [];
  const highest = ceiling.highest.value;
  if (limit.value > highest) {
    return [
      {
        level: 'error',
        criterion: id,
        message: `no part can reach ${show(limit.value)}: it is above ${roof}`,
        hint:
          criterion.metric.startsWith('nccl.') && setting.part?.torus === undefined
            ? 'Lower the limit, or name SHARP in its source where the fabric reduces.'
            : 'Lower the limit.',
      },
    ];
  }
  const { wire } = ceiling;
  if (wire !== undefined && limit.value > wire.value && !namesNvls(criterion)) {
    return [
      {
        level: 'warning',
        criterion: id,
        message: `${show(limit.value)} is above what the wire carries, ${show(wire.value)} (${wire.source}): only NVLS reaches it`,
        hint: 'Set nvls: true in the nccl block and in where, or name NVLS in the source.',
      },
    ];
  }
  return low(criterion, limit.value / highest, roof, show);
}

function low(
  criterion: Criterion,
  share: number,
  roof: string,
  show: (value: number) => string,
): readonly Remark[] {
  const bytes = criterion.where['bytes'];
  const small = typeof bytes === 'number' && bytes < BANDWIDTH_BOUND;
  const busbw = criterion.metric.endsWith('.busbw');
  if (busbw && small) {
    return share < 0.5
      ? []
      : [
          {
            level: 'warning',
            criterion: criterion.id,
            message: `a bandwidth of ${show(criterion.limit.value)} at ${bytes} B: so small a size is bound by latency; compare ${roof}`,
            hint: 'Put the limit on a size of 1 GiB or more.',
          },
        ];
  }
  if (share >= SENSELESS) return [];
  return [
    {
      level: share < SLIP ? 'error' : 'warning',
      criterion: criterion.id,
      message: `a limit of ${show(criterion.limit.value)} is ${percent(share)} of ${roof}: it passes nearly every bad part`,
      hint: share < SLIP ? 'Check its unit and digits.' : 'Raise it to what good parts reach.',
    },
  ];
}

/** A tolerance belongs in the limit or in the rule, shown once: AICR's −10 % came off a lowered figure. */
function stacked(criterion: Criterion, setting: Setting): readonly Remark[] {
  const { limit, nominal, id } = criterion;
  const found = /[-−–]\s?(\d+(?:\.\d+)?)\s?%|(\d+(?:\.\d+)?)\s?%\s+tolerance|tolerance/iu.exec(
    limit.source,
  );
  if (found === null) return [];
  const show = shown(criterion, setting);
  const written = Number(found[1] ?? found[2]) / 100;
  const before =
    written > 0 && written < 1
      ? `; before it the figure was ${show(limit.value / (1 - written))}`
      : '';
  const ceiling = ceilingOf(criterion, setting)?.highest;
  const share = (figure: Sourced<number>, name: string) =>
    `${percent(limit.value / figure.value)} of ${name}, ${show(figure.value)} (${figure.source})`;
  const compared = [
    ...(nominal === undefined ? [] : [share(nominal, 'nominal')]),
    ...(ceiling === undefined ? [] : [share(ceiling, 'the roofline')]),
  ];
  return [
    {
      level: 'warning',
      criterion: id,
      message: `the limit ${show(limit.value)} has a tolerance inside ("${found[0].trim()}" in its source)${before}${compared.length > 0 ? `; it is ${compared.join(' and ')}` : ''}`,
      hint: 'State the figure itself; the decision has its own margin, and a tolerance on a lowered figure lets bad parts pass.',
    },
  ];
}

function source({ id }: Criterion, { plan }: Setting): readonly Remark[] {
  if (plan.origins[`criteria.${id}.source`] !== 'default') return [];
  return [
    {
      level: 'warning',
      criterion: id,
      message: 'the limit has no source',
      hint: 'Add source: the clause, document or measurement that it rests on.',
    },
  ];
}

/** A value in the metric's shown unit. */
function shown(criterion: Criterion, { suites }: Setting): (value: number) => string {
  const metric = suites
    .flatMap((suite) => suite.metrics)
    .find((one) => one.id === criterion.metric);
  if (metric === undefined) return String;
  const { unit, factor } = metric.display;
  return (value) => `${Number((value * factor).toPrecision(4))} ${unit}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
