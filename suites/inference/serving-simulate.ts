/** What the load generator would print for a node whose true values are known: rows, not figures. */
import { stream } from '../../plan/random.ts';
import type { PlacedStep, SimulatedNode } from '../../runners/model.ts';
import { workOf } from './serving-cases.ts';
import type { Serving } from './serving-options.ts';
import { Histogram } from './window/histogram.ts';
import { encodeLateness } from './window/lateness.ts';
import { encodeRow, type RequestRow } from './window/row.ts';

/** A generator with time to spare. */
const AT_EASE = {
  slipP50: 5e-4,
  slipP99: 2e-3,
  slipMost: 4e-3,
  loopP99: 1e-3,
  busy: 0.1,
  cpu: 1,
  seconds: 1,
};

/**
 * Requests whose median TTFT and TPOT are the node's own (`inference.endpoint.ttft` and
 * `…tpot_excl_ttft` at percentile 0.5), each drawn within ± 20 % of them. A search is not simulated, nor a
 * node that gives neither: nothing is said, so nothing is measured.
 */
export function* simulateServing(
  serving: Serving,
  step: PlacedStep,
  node: SimulatedNode,
): Iterable<string> {
  if (step.role !== 'load') return;
  const work = workOf(serving, step);
  const at = { ...step.parameters, percentile: 0.5 };
  const ttft = node.value('inference.endpoint.ttft', at);
  const tpot = node.value('inference.endpoint.tpot_excl_ttft', at);
  if (work?.kind !== 'window' || ttft === undefined || tpot === undefined) {
    yield line({ kind: 'done', ok: true });
    return;
  }
  const random = stream(Math.floor(node.random() * 2 ** 31), 'requests');
  const around = (mean: number) => mean * (0.8 + 0.4 * random());
  const gaps = new Histogram();
  const { output } = serving;
  for (let index = 0; index < work.settling + work.requests; index += 1) {
    const scheduled = index / work.rate;
    const first = scheduled + around(ttft);
    const gap = around(tpot);
    const last = first + (output - 1) * gap;
    if (output > 1) gaps.add(gap, output - 1);
    const row: RequestRow = {
      index,
      scheduled,
      dispatched: scheduled,
      sent: scheduled,
      first,
      last,
      ended: last,
      end: 'ok',
      status: 200,
      chunks: output,
      usage: output,
      prompt: serving.input,
      asked: output,
      stall: output > 1 ? gap : 0,
    };
    yield line({ kind: 'row', of: 'request', values: [0, ...encodeRow(row)] });
  }
  yield line({ kind: 'row', of: 'chunk_gap', values: [0, ...gaps.pairs()] });
  yield line({ kind: 'row', of: 'itl', values: [0, ...gaps.pairs()] });
  const { rate, settling, requests } = work;
  const values = [0, rate, settling, requests, ...encodeLateness(AT_EASE)];
  yield line({ kind: 'row', of: 'window', values });
  yield line({ kind: 'done', ok: true });
}

function line(fields: object): string {
  return `${JSON.stringify({ assay: 1, ...fields })}\n`;
}
