/** Reads the ranks of one trial: the slowest rank's time, correctness of all, and who kept the others waiting. */
import type { Parameters, Subject } from '../../plan/model.ts';
import type { Outcome, Reader, ReaderContext, StepExit } from '../model.ts';
import type { ValueReading } from '../expectations.ts';
import { sessionReader, type Speaker, type ValueLine } from '../session-reader.ts';
import { arrivals } from './arrivals.ts';
import { busbwFactor, movedBytes, type Collective } from './collectives.ts';
import { collectiveOf, promisedSizes, railsIn } from './cases.ts';
import { communicatorSize } from './mesh.ts';
import { rankLedger, type Slowest } from './ranks.ts';
import { ranksOnEach } from './steps.ts';
import { readRas, type RasReport } from './ras.ts';
import { subjectOf } from './subject.ts';

/** Ends of one node's process that say only that the others stopped answering. */
const SILENT = new Set(['HANG', 'OUTPUT_INCOMPLETE']);

/** Reader of `payload/collective.py` and `payload/xla.py`. */
export function torchReader(context: ReaderContext): Reader {
  const { case: of, nodes } = context;
  const collective = collectiveOf(of);
  const sizes = promisedSizes(of);
  const perNode = ranksOnEach(of, nodes);
  const rails = railsIn(of);
  // Of one communicator: of the whole trial, or of each rail by itself.
  const ranks = rails === undefined ? perNode * nodes.length : nodes.length;
  const members = communicatorSize(of.parameters, ranks);
  const ledgers = Array.from({ length: rails ?? 1 }, () => rankLedger(ranks));
  const order = context.steps[0]?.nodes ?? nodes.map((node) => node.id);
  const arrived = arrivals(order);
  let ras: RasReport | undefined;
  const whole = subjectOf(
    of,
    nodes.map((node) => node.id),
  );

  const values = (line: ValueLine, speaker: Speaker, at: ValueReading['at']) => {
    const { rail, bytes } = line.parameters;
    const first = speaker.position * perNode;
    const { rank } = line;
    if (rank === undefined || rank < first || rank >= first + perNode) {
      return `rank ${rank ?? '(none)'} does not speak here`;
    }
    if (typeof bytes !== 'number' || !sizes.includes(bytes)) return 'a size that was not asked for';
    const own = rails === undefined ? undefined : (rank - first) % rails;
    if (rail !== own) return `rank ${rank} is not on rail ${String(rail)}`;
    const odd = oddKey(line.parameters, of.parameters);
    if (odd !== undefined)
      return `${odd} is ${String(line.parameters[odd])}, not what was asked for`;
    const ledger = ledgers[own ?? 0] as (typeof ledgers)[number];
    if (line.kind === 'sample') {
      if (line.metric !== `nccl.${collective}.time`)
        return `${line.metric} is not what is read here`;
      if (line.value <= 0) return 'a time that is not positive';
      return ledger.time(bytes, rank, line, at) ? [] : `rank ${rank} timed ${bytes} B twice`;
    }
    if (line.name !== `nccl.${collective}.correct` || line.ok === undefined) {
      return `${line.name} is not what is read here`;
    }
    const checked = { ok: line.ok, detail: `rank ${rank}: ${line.detail}`, at };
    return ledger.check(bytes, rank, checked) ? [] : `rank ${rank} checked ${bytes} B twice`;
  };

  /** A size of which a rail is silent has no values: what the others did must not stand for it. */
  const gather = (): readonly ValueReading[] =>
    sizes.flatMap((bytes): ValueReading[] => {
      const parameters: Parameters = { ...of.parameters, bytes };
      const timed = ledgers.map((ledger) => ledger.slowest(bytes));
      const checked = ledgers.map((ledger) => ledger.checked(bytes));
      const on = (rail: number): Subject =>
        rails === undefined || whole.kind !== 'link' ? whole : { ...whole, rail };
      const all = timed.every((one) => one !== undefined);
      const spoken = checked.every((one) => one !== undefined);
      return ledgers.flatMap((_, rail) => {
        const slowest = all ? timed[rail] : undefined;
        const check = spoken || checked[rail]?.ok === false ? checked[rail] : undefined;
        const subject = on(rail);
        return [
          ...(slowest === undefined
            ? []
            : samplesOf(figures(collective, bytes, members, slowest.time, parameters), slowest, {
                subject,
                parameters,
              })),
          ...(check === undefined
            ? []
            : [
                {
                  kind: 'check' as const,
                  subject,
                  name: `nccl.${collective}.correct`,
                  parameters,
                  ...check,
                },
              ]),
        ];
      });
    });

  const session = sessionReader(context, {
    values,
    gather,
    ranks: ({ position }) => ({ first: position * perNode, count: perNode }),
  });
  return {
    line(text, from) {
      const readings = session.line(text, from);
      for (const one of readings) {
        if (one.kind === 'progress') arrived.note(one.node, one.rank, one.operation, one.call);
        if (one.kind === 'fact' && one.name === 'nccl.ras') ras ??= readRas(one.value);
      }
      return readings;
    },
    end(exits: readonly StepExit[]) {
      const { readings, outcome } = session.end(exits);
      const behind = arrived.behind(perNode) ?? byRas(ras, nodes, order, perNode);
      return { readings, outcome: suspect(outcome, behind, order) };
    },
  };
}

/** A parameter that was not asked for; size and rail are looked at elsewhere. */
function oddKey(said: Parameters, asked: Parameters): string | undefined {
  for (const key in said) {
    if (key !== 'bytes' && key !== 'rail' && asked[key] !== said[key]) return key;
  }
  return undefined;
}

/** The figures of one size as they were measured by its slowest rank. */
function samplesOf(
  values: ReturnType<typeof figures>,
  slowest: Slowest,
  of: { readonly subject: Subject; readonly parameters: Parameters },
): ValueReading[] {
  const { iterations, window } = slowest.line;
  return values.map(({ metric, value }): ValueReading => ({
    kind: 'sample',
    metric,
    ...of,
    value,
    ...(iterations && metric.endsWith('.time') && { iterations }),
    ...(window && { window }),
    at: slowest.at,
  }));
}

/** time, and where it is not composed algbw and busbw: all from the one time. */
function figures(
  collective: Collective,
  bytes: number,
  ranks: number,
  time: number,
  parameters: Parameters,
) {
  const algbw = movedBytes(collective, bytes, ranks) / time;
  const busbw = algbw * busbwFactor(collective, ranks);
  const all = [
    { metric: `nccl.${collective}.time`, value: time },
    { metric: `nccl.${collective}.algbw`, value: algbw },
    { metric: `nccl.${collective}.busbw`, value: busbw },
  ];
  return parameters['composed'] === true ? all.slice(0, 1) : all;
}

/** Where progress tells nobody apart: who is missing by NCCL's own account. */
function byRas(
  report: RasReport | undefined,
  nodes: ReaderContext['nodes'],
  order: readonly string[],
  perNode: number,
): Behind {
  if (report === undefined) return undefined;
  const gone = report.dead.flatMap(({ address, accelerator }) => {
    const node = nodes.find((one) => one.fabricAddress === address);
    const position = node === undefined ? -1 : order.indexOf(node.id);
    return position < 0 ? [] : [position * perNode + accelerator];
  });
  const ranks = (gone.length > 0 ? gone : report.behind).filter(
    (rank) => rank < order.length * perNode,
  );
  if (ranks.length === 0 || ranks.length === order.length * perNode) return undefined;
  const late = ranks.flatMap((rank) => order[Math.floor(rank / perNode)] ?? []);
  return { nodes: [...new Set(late)], ranks, operation: 'a collective, by NCCL’s RAS' };
}

type Behind = ReturnType<ReturnType<typeof arrivals>['behind']>;

/** A group's failure names those that are behind; a silent node of several is the rank that is missing. */
function suspect(outcome: Outcome, behind: Behind, nodes: readonly string[]): Outcome {
  if (outcome.status !== 'failed' || nodes.length === 1) return outcome;
  const where = behind === undefined ? '' : `; the others wait in: ${behind.operation}`;
  if (outcome.owner === 'group') {
    if (behind === undefined) return { ...outcome, suspects: [...nodes].sort() };
    const late = behind.ranks.slice(0, 16).join(', ');
    return {
      ...outcome,
      code: 'RANK_MISSING',
      message: `rank ${late} (${behind.nodes.slice(0, 8).join(', ')}) is behind${where}; ${outcome.message}`,
      suspects: [...behind.nodes].sort(),
    };
  }
  if (
    outcome.owner === 'node' &&
    SILENT.has(outcome.code) &&
    outcome.suspects.length < nodes.length
  ) {
    return { ...outcome, code: 'RANK_MISSING', message: outcome.message + where };
  }
  return outcome;
}
