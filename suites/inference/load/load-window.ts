/** One window of load: sent, written down, and looked at as the reader will look at it. */
import { percentileType7 } from '../../../verdicts/statistics/percentile.ts';
import { bottleneck, encodeLateness, type Lateness } from '../window/lateness.ts';
import { windowFigures, type WindowFigures } from '../window/measure.ts';
import { decodeRow, type RequestRow } from '../window/row.ts';
import type { Crew } from './crew.ts';
import { schedule, type TraceLine } from './schedule.ts';
import type { LoadSettings } from './settings.ts';

/** Codes of a certificate that nobody known has signed. */
const UNTRUSTED = /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/u;

/** What every window shares. */
export interface Load {
  readonly crew: Crew;
  readonly settings: LoadSettings;
  readonly trace: readonly TraceLine[];
}

/** Why the generator gives no figures: whose fault, by the payload protocol. */
export class Failure extends Error {
  readonly owner: 'harness' | 'node';
  readonly code: string;

  constructor(owner: 'harness' | 'node', code: string, message: string) {
    super(message);
    this.owner = owner;
    this.code = code;
  }
}

/** One line of the payload protocol. */
export function say(fields: object): void {
  process.stdout.write(line(fields));
}

function line(fields: object): string {
  return `${JSON.stringify({ assay: 1, ...fields })}\n`;
}

/**
 * @throws {Failure} CLIENT_BOTTLENECK where the generator itself was too slow, NO_ANSWER where not one
 *   request was answered: neither may look like a measured endpoint
 */
export async function loadWindow(
  { crew, settings, trace }: Load,
  window: number,
  work: { readonly rate: number; readonly settling: number; readonly requests: number },
): Promise<WindowFigures> {
  const { input, output, arrivals, seed, timeout, slo } = settings;
  const of = { requests: work.settling + work.requests, rate: work.rate, input, output };
  const planned = schedule(arrivals, of, seed, window, trace);
  const rows: RequestRow[] = [];
  const gathered = await crew.run(window, planned, (told) => {
    // One write for many: each is a system call, and a wake-up of whoever reads.
    let lines = '';
    for (const values of told) {
      const row = decodeRow(values);
      if (typeof row === 'string') throw new Error(row);
      rows.push(row);
      lines += line({ kind: 'row', of: 'request', values: [window, ...values] });
    }
    process.stdout.write(lines);
  });
  const lateness: Lateness = {
    ...slips(rows.filter((row) => row.index >= work.settling)),
    ...gathered.lateness,
  };
  say({ kind: 'row', of: 'epoch', values: [window, gathered.epoch] });
  say({ kind: 'row', of: 'chunk_gap', values: [window, ...gathered.chunkGaps.pairs()] });
  say({ kind: 'row', of: 'itl', values: [window, ...gathered.tokenGaps.pairs()] });
  for (const [code, count] of gathered.troubles) {
    say({ kind: 'fact', name: 'load.trouble', value: `window ${window}: ${count} × ${code}` });
  }
  const plan = [window, work.rate, work.settling, work.requests];
  say({ kind: 'row', of: 'window', values: [...plan, ...encodeLateness(lateness)] });
  const figures = windowFigures(rows, { ...work, timeout, slo });
  if (figures === undefined) throw new Failure('harness', 'NO_REQUESTS', 'the schedule is empty');
  if (figures.failed === figures.of) {
    const codes = [...gathered.troubles.keys()].slice(0, 3).join(', ');
    const mend = UNTRUSTED.test(codes)
      ? '; name the file of whoever signed its certificate in serving.ca'
      : '';
    const why = `${figures.failure ?? ''}${codes === '' ? '' : ` (${codes})`}${mend}`;
    const message = `not one of ${figures.of} requests was answered: ${why}`;
    throw new Failure('node', 'NO_ANSWER', message);
  }
  const late = bottleneck(lateness, settings.lateness, percentileType7(figures.ttft, 0.5));
  if (late !== undefined) {
    const message = `the load generator was the bottleneck at ${work.rate} requests/s: ${late}`;
    throw new Failure('harness', 'CLIENT_BOTTLENECK', message);
  }
  return figures;
}

function slips(rows: readonly RequestRow[]) {
  const late = rows.map((row) => Math.max(0, row.dispatched - row.scheduled)).sort((a, b) => a - b);
  if (late.length === 0) return { slipP50: 0, slipP99: 0, slipMost: 0 };
  return {
    slipP50: percentileType7(late, 0.5),
    slipP99: percentileType7(late, 0.99),
    slipMost: late.at(-1) as number,
  };
}
