/** Reads the ranks of one trial: the slowest rank's time, correctness of all, and who kept the others waiting. */
import type { Parameters, Subject } from '../../plan/model.ts';
import type { Case, Outcome, Reader, ReaderContext, StepExit } from '../model.ts';
import type { ValueReading } from '../expectations.ts';
import { sessionReader, type Speaker, type ValueLine } from '../session-reader.ts';
import { arrivals } from './arrivals.ts';
import { busbwFactor, movedBytes, type Collective } from './collectives.ts';
import { collectiveOf, promisedSizes } from './cases.ts';
import { rankLedger } from './ranks.ts';
import { ranksOnEach } from './steps.ts';

/** Ends of one node's process that say only that the others stopped answering. */
const SILENT = new Set(['HANG', 'OUTPUT_INCOMPLETE']);

/** Reader of `payload/collective.py`. */
export function torchReader(context: ReaderContext): Reader {
  const { case: of, nodes } = context;
  const collective = collectiveOf(of);
  const sizes = promisedSizes(of);
  const perNode = ranksOnEach(of, nodes);
  const ranks = perNode * nodes.length;
  const ledger = rankLedger(ranks);
  const order = context.steps[0]?.nodes ?? nodes.map((node) => node.id);
  const arrived = arrivals(order);
  const subject = subjectOf(
    of,
    nodes.map((node) => node.id),
  );

  const values = (line: ValueLine, speaker: Speaker, at: ValueReading['at']) => {
    const { bytes } = line.parameters;
    const first = speaker.position * perNode;
    const { rank } = line;
    if (rank === undefined || rank < first || rank >= first + perNode) {
      return `rank ${rank ?? '(none)'} does not speak here`;
    }
    if (typeof bytes !== 'number' || !sizes.includes(bytes)) return 'a size that was not asked for';
    const odd = Object.entries(line.parameters).find(
      ([key, value]) => key !== 'bytes' && of.parameters[key] !== value,
    );
    if (odd !== undefined) return `${odd[0]} is ${String(odd[1])}, not what was asked for`;
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

  const gather = (): readonly ValueReading[] =>
    sizes.flatMap((bytes): ValueReading[] => {
      const parameters: Parameters = { ...of.parameters, bytes };
      const slowest = ledger.slowest(bytes);
      const checked = ledger.checked(bytes);
      return [
        ...(slowest === undefined
          ? []
          : figures(collective, bytes, ranks, slowest.time, parameters).map(
              ({ metric, value }): ValueReading => ({
                kind: 'sample',
                metric,
                subject,
                parameters,
                value,
                ...(slowest.line.iterations &&
                  metric.endsWith('.time') && {
                    iterations: slowest.line.iterations,
                  }),
                ...(slowest.line.window && { window: slowest.line.window }),
                at: slowest.at,
              }),
            )),
        ...(checked === undefined
          ? []
          : [
              {
                kind: 'check' as const,
                subject,
                name: `nccl.${collective}.correct`,
                parameters,
                ...checked,
              },
            ]),
      ];
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
        if (one.kind === 'progress') arrived.note(one.node, one.rank, one.operation);
      }
      return readings;
    },
    end(exits: readonly StepExit[]) {
      const { readings, outcome } = session.end(exits);
      return { readings, outcome: suspect(outcome, arrived.behind(perNode), order) };
    },
  };
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

/** What a case's values are about. */
export function subjectOf(of: Case, nodes: readonly string[]): Subject {
  const sorted = [...nodes].sort();
  const [first = '', second = ''] = sorted;
  switch (of.scope) {
    case 'pair':
      return { kind: 'link', ends: [first, second], finest: 'path' };
    case 'domain':
      return { kind: 'group', nodes: sorted };
    case 'lot':
      return { kind: 'lot' };
    case 'node':
    case 'endpoint':
      return { kind: 'node', node: first };
  }
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
