/** Reads a load: its requests, row by row, come to the figures of their window, as the generator itself saw them. */
import type { ValueReading } from '../expectations.ts';
import { endpointName } from '../../plan/subject.ts';
import type { Line, Outcome, Reader, ReaderContext, StepExit } from '../model.ts';
import { sessionReader } from '../session-reader.ts';
import { sloOf, workOf, type Work } from './serving-cases.ts';
import type { Serving } from './serving-options.ts';
import { windowReadings } from './serving-readings.ts';
import { Histogram } from './window/histogram.ts';
import { bottleneck, decodeLateness } from './window/lateness.ts';
import { percentileOf, windowFigures } from './window/measure.ts';
import { decodeRow, type RequestRow } from './window/row.ts';
import { searchState, type Probe } from './window/search.ts';

/** The window that is being read. */
interface Open {
  rows: RequestRow[];
  seen: Set<number>;
  chunkGaps: Histogram;
  tokenGaps: Histogram;
}

/** How servers say that somebody else has their port: Python's, uvicorn's, Node.js's, llama.cpp's words. */
const PORT_TAKEN = /address already in use|EADDRINUSE|errno 98\b|couldn't bind/iu;

/** What ended the reading early: it outranks what the processes say of themselves. */
type Refused = Extract<Outcome, { status: 'failed' }>;

/** Reader of `load/main.ts`; its memory is one window's requests. */
export function servingReader(serving: Serving, context: ReaderContext): Reader {
  const { case: of, nodes } = context;
  const work = workOf(serving, of);
  if (work === undefined) throw new Error(`no work for ${of.id}`);
  const ids = nodes.map((node) => node.id);
  const subject = { kind: 'endpoint', endpoint: endpointName(ids), nodes: ids } as const;
  const probes: Probe[] = [];
  let open = fresh();
  let windows = 0;
  let lastWindow: Line | undefined;
  let refused: Refused | undefined;
  let portTaken = false;

  const rows = (
    line: { readonly of: string; readonly values: readonly (number | null)[] },
    at: Line,
  ): readonly ValueReading[] | string => {
    const [number, ...values] = line.values;
    if (number !== windows) return `window ${String(number)}, where ${windows} is read`;
    switch (line.of) {
      case 'request': {
        const row = decodeRow(values);
        if (typeof row === 'string') return row;
        if (open.seen.has(row.index) || row.index >= work.settling + work.requests) {
          return `request ${row.index} was not asked for, or told twice`;
        }
        open.seen.add(row.index);
        open.rows.push(row);
        return [];
      }
      // For whoever holds the server's own log beside it: the machine's clock, not a figure.
      case 'epoch':
        return [];
      case 'chunk_gap':
        return pooled(open.chunkGaps, values);
      case 'itl':
        return pooled(open.tokenGaps, values);
      case 'window':
        return closed(values, at);
      default:
        return `a row of ${line.of}`;
    }
  };

  const closed = (
    values: readonly (number | null)[],
    at: Line,
  ): readonly ValueReading[] | string => {
    const [rate, settling, requests, ...rest] = values;
    const lateness = decodeLateness(rest);
    if (lateness === undefined || typeof rate !== 'number') return 'a window without its lateness';
    const wanted = rateOf(work, probes);
    if (rate !== wanted || settling !== work.settling || requests !== work.requests) {
      return `a window of ${requests} at ${rate}/s, where ${work.requests} at ${wanted ?? 'no rate'}/s is due`;
    }
    if (open.rows.length !== work.settling + work.requests) {
      return `${open.rows.length} requests, not ${work.settling + work.requests}`;
    }
    const slo = sloOf(serving);
    const { timeout } = serving;
    const plan = { rate, settling: work.settling, requests: work.requests, timeout, slo };
    const figures = windowFigures(open.rows, plan);
    const { chunkGaps, tokenGaps } = open;
    open = fresh();
    windows += 1;
    lastWindow = at;
    if (figures === undefined || figures.failed === figures.of) {
      refused ??= fail(
        'node',
        'NO_ANSWER',
        `no request was answered: ${figures?.failure ?? ''}`,
        ids,
      );
      return [];
    }
    const late = bottleneck(lateness, serving.lateness, percentileOf(figures.ttft, 0.5));
    if (late !== undefined) {
      const message = `the load generator was the bottleneck at ${rate} requests/s: ${late}`;
      refused ??= fail('harness', 'CLIENT_BOTTLENECK', message, []);
      return [];
    }
    if (work.kind === 'search') {
      const { of: all, good, backlog } = figures;
      probes.push({ rate, over: all - good, of: all, saturated: backlog.saturated });
      return [];
    }
    const gaps = { chunkGaps, tokenGaps };
    return windowReadings(of, figures, gaps, slo, { nodes, subject, at });
  };

  const reader = sessionReader(context, {
    rows: (line, _speaker, at) => rows(line, at),
    values: () => 'a value that the load generator does not give',
    gather() {
      if (work.kind !== 'search' || lastWindow === undefined || refused !== undefined) return [];
      const state = searchState(work, probes);
      if ('next' in state) return [];
      if ('open' in state) {
        refused = fail('harness', 'SEARCH_OPEN', `no rate was found: ${state.open}`, []);
        return [];
      }
      const { rate, low, high } = state.found;
      return [
        {
          kind: 'sample',
          metric: 'inference.endpoint.sustained-rate',
          subject,
          parameters: of.parameters,
          value: rate,
          iterations: { n: probes.length, min: low, median: rate, max: high },
          at: lastWindow,
        },
      ];
    },
  });
  return {
    line(text, from) {
      if (!isServer(context, from)) return reader.line(text, from);
      portTaken ||= PORT_TAKEN.test(text);
      return [];
    },
    end(exits) {
      const ended = reader.end(exits);
      const outcome = ownerOf(ended.outcome, exits, context, ids, portTaken);
      // The generator knows why nobody answered: its rows have no room for the codes.
      const told =
        refused?.code === 'NO_ANSWER' &&
        outcome.status === 'failed' &&
        outcome.code === refused.code
          ? { ...refused, message: outcome.message }
          : refused;
      return { ...ended, outcome: told ?? outcome };
    },
  };
}

function fresh(): Open {
  return { rows: [], seen: new Set(), chunkGaps: new Histogram(), tokenGaps: new Histogram() };
}

/** The rate that is due: fixed, or as the search so far asks for it. */
function rateOf(work: Work, probes: readonly Probe[]): number | undefined {
  if (work.kind === 'window') return work.rate;
  const state = searchState(work, probes);
  return 'next' in state ? state.next : undefined;
}

function pooled(into: Histogram, pairs: readonly (number | null)[]): readonly [] | string {
  if (pairs.length % 2 === 1 || into.total > 0) return 'a histogram that is none';
  for (let at = 0; at < pairs.length; at += 2) {
    const [bucket, weight] = [pairs[at], pairs[at + 1]];
    if (!Number.isInteger(bucket) || typeof weight !== 'number' || weight <= 0) {
      return 'a histogram that is none';
    }
    into.addAt(bucket as number, weight);
  }
  return [];
}

function isServer({ steps }: ReaderContext, from: Line): boolean {
  return steps.some((step) => step.index === from.step && step.role === 'server');
}

/**
 * A server that ended by itself is its node's affair, but for one whose port we chose badly; a load generator that broke is ours, never the
 * node's, unless it says itself that the server did not answer.
 */
function ownerOf(
  outcome: Outcome,
  exits: readonly StepExit[],
  { steps }: ReaderContext,
  nodes: readonly string[],
  portTaken: boolean,
): Outcome {
  const servers = new Set(steps.filter(({ role }) => role === 'server').map(({ index }) => index));
  const gone = exits.find((exit) => servers.has(exit.step) && exit.ended !== 'stopped');
  // Also where a load was measured: somebody else's server answered at its port.
  if (gone !== undefined) {
    const { ended, node } = gone;
    if (ended === 'not-started' || ended === 'lost') {
      const owner = /^SSH_|^FLEET_|^PROVIDER_/u.test(gone.code) ? 'reach' : 'harness';
      return fail(owner, gone.code, `${node}: the server: ${gone.reason}`, [node]);
    }
    if (portTaken) {
      // The next attempt has another port.
      return fail('harness', 'PORT_IN_USE', `${node}: the server found its port taken`, []);
    }
    const how = ended === 'exited' ? `exit ${gone.code}` : ended;
    return fail('node', 'SERVER_ENDED', `${node}: the server ended by itself (${how})`, [node]);
  }
  if (outcome.status === 'measured') return outcome;
  if (outcome.code === 'NO_ANSWER') return { ...outcome, suspects: nodes };
  const load = exits.find((exit) => exit.role === 'load' && exit.ended === 'not-started');
  if (load?.ended === 'not-started' && load.code === 'TOOL_MISSING') {
    const mend = 'install Node.js 20.19 or newer there, or name its program in serving.node';
    return fail(
      'harness',
      load.code,
      `${load.node}: the load generator: ${load.reason}; ${mend}`,
      [],
    );
  }
  return outcome.owner === 'reach' ? outcome : { ...outcome, owner: 'harness', suspects: [] };
}

function fail(
  owner: Refused['owner'],
  code: string,
  message: string,
  suspects: readonly string[],
): Refused {
  return { status: 'failed', owner, code, message, suspects };
}
