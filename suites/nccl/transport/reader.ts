/** Reads the proof of a scope's transport: NCCL's log as each node's ranks pass it on. */
import type { Node } from '../../../runners/model.ts';
import type { Line, Reader, ReaderContext, Reading } from '../../model.ts';
import { parseLine } from '../../protocol.ts';
import { sessionReader } from '../../session-reader.ts';
import { subjectOf } from '../subject.ts';
import type { Options } from '../options.ts';
import { ranksOnEach } from '../steps.ts';
import { transportReader } from './log.ts';
import { PROVED } from './proof.ts';
import { describe, holdClaims, usedOf, type Claims } from './used.ts';

/** Lines looked at of one node. */
const LINES = 100_000;

/** Of a proof's case: no value is owed, so that a version without lines of use is no fault of its node. */
export function proofReader(context: ReaderContext): Reader {
  const { case: of, nodes } = context;
  const log = transportReader();
  const session = sessionReader(
    { ...context, case: { ...of, gives: [] } },
    {
      ranks: ({ position }) => {
        const count = ranksOnEach(of, nodes);
        return { first: position * count, count };
      },
    },
  );
  const counted = new Map<string, number>();
  let at: Line | undefined;
  return {
    line(text, from) {
      const parsed = from.stream === 'stdout' ? parseLine(text) : undefined;
      const heard = (counted.get(from.node) ?? 0) + 1;
      if (parsed !== undefined && 'log' in parsed && heard <= LINES) {
        counted.set(from.node, heard);
        const said = log.line(parsed.log);
        if (said) at ??= from;
      }
      return session.line(text, from);
    },
    end(exits) {
      const { readings, outcome } = session.end(exits);
      if (outcome.status !== 'measured') return { readings, outcome };
      return { readings: [...readings, ...found(context, log.seen, at)], outcome };
    },
  };
}

function found(
  { case: of, nodes }: ReaderContext,
  log: ReturnType<typeof transportReader>['seen'],
  at: Line | undefined,
): Reading[] {
  const used = usedOf(log);
  const [first] = nodes;
  if (first === undefined) return [];
  const held = holdClaims(claimsOf(of.parameters), used, log, nodes.length > 1);
  const facts = [
    [
      'nccl.transport.used',
      [...(used.transports ?? []), ...used.unknown].join(' and ') || 'not shown',
    ],
    ['nccl.transport.how', describe(used)],
    ['nccl.transport.nccl', [...log.versions].join(', ') || 'version not shown'],
    ['nccl.transport.claim', held.detail],
  ].map(([name = '', value = '']): Reading => fact(first, `${name}.${of.scope}`, value));
  if (held.ok === undefined || at === undefined) return facts;
  const subject = subjectOf(
    of,
    nodes.map((node) => node.id),
  );
  const check = { name: PROVED, subject, parameters: of.parameters, ok: held.ok, at };
  return [...facts, { kind: 'check', ...check, detail: held.detail.slice(0, 2000) }];
}

function fact(node: Node, name: string, value: string): Reading {
  return { kind: 'fact', node: node.id, name, value: value.slice(0, 4000) };
}

function claimsOf(parameters: ReaderContext['case']['parameters']): Claims {
  const { transport, nvls } = parameters;
  return {
    ...(typeof transport === 'string' && {
      transport: transport as NonNullable<Options['transport']>,
    }),
    ...(typeof nvls === 'boolean' && { nvls }),
  };
}
