/** Cases of a loaded server: a window at each rate, and a search for the rate that it holds. */
import type { Parameters } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Case } from '../model.ts';
import { requestsOf, type Serving } from './serving-options.ts';
import { enoughFor } from './window/measure.ts';
import { SLO_PRESETS, type Slo } from './window/slo.ts';

/** What one trial does. */
export type Work =
  | {
      readonly kind: 'window';
      readonly rate: number;
      readonly settling: number;
      readonly requests: number;
    }
  | ({ readonly kind: 'search' } & {
      readonly from: number;
      readonly to: number;
      readonly share: number;
      readonly within: number;
      readonly most: number;
      readonly settling: number;
      readonly requests: number;
    });

/** Tails that are told where there are requests enough. */
const PERCENTILES = [0.5, 0.9, 0.99] as const;

/** The bounds, a preset by its figures. */
export function sloOf({ slo }: Serving): Slo {
  if (typeof slo !== 'string') return slo;
  const { ttft, tpot, e2e } = SLO_PRESETS[slo] ?? {};
  return {
    ...(ttft !== undefined && { ttft }),
    ...(tpot !== undefined && { tpot }),
    ...(e2e !== undefined && { e2e }),
  };
}

/** What a case's trial does; undefined: no case of these options. */
export function workOf(serving: Serving, of: Pick<Case, 'parameters'>): Work | undefined {
  const { rate } = of.parameters;
  if (typeof rate === 'number') {
    const { settling, requests } = requestsOf(serving, rate);
    return { kind: 'window', rate, settling, requests };
  }
  if (serving.search === undefined) return undefined;
  const { windows: most, settle: settling, ...rest } = serving.search;
  return { kind: 'search', ...rest, most, settling };
}

/** @param nodes with accelerators */
export function servingCases(
  mode: 'server' | 'endpoint',
  serving: Serving,
  nodes: readonly Node[],
): readonly Case[] {
  // One URL without an address is one endpoint, and all nodes stand behind it, unless each loads its own.
  const { from } = serving;
  const each = mode === 'server' || from === 'node' || serving.url?.includes('{address}') === true;
  const scope = each || nodes.length === 1 ? 'endpoint' : 'lot';
  if (nodes.length === 0) return [];
  const { input, output, api } = serving;
  const common = { mode, api, input, output, arrivals: arrivalsName(serving), from };
  const start = mode === 'server' ? 120 : 0;
  const windows = serving.rates.map((rate): Case => {
    const parameters = { ...common, rate };
    return {
      id: `inference.${mode}.${idOf(parameters)}.rate${rate}`,
      suite: 'inference',
      parameters,
      scope,
      gives: windowGives(parameters, serving),
      expected: start + serving.settle + serving.window + 5,
    };
  });
  if (serving.search === undefined) return windows;
  const { from: least, to, share, requests, windows: most } = serving.search;
  const parameters = { ...common, share };
  const search: Case = {
    id: `inference.${mode}.${idOf(parameters)}.search`,
    suite: 'inference',
    parameters,
    scope,
    gives: [{ metric: 'inference.endpoint.sustained-rate', per: 'endpoint' }],
    // Half of the windows, at the middle of the range.
    expected: start + (most / 2) * (requests / Math.sqrt(least * to) + 5),
  };
  return [...windows, search];
}

/** What a window at one rate gives; a percentile only where it has requests enough for it. */
function windowGives(parameters: Parameters, serving: Serving): Case['gives'] {
  const work = workOf(serving, { parameters });
  const requests = work?.requests ?? 0;
  const slo = sloOf(serving);
  const per = 'endpoint';
  const tails = PERCENTILES.filter((percentile) => requests >= enoughFor(percentile));
  const tail = (metric: string, bound: number | undefined) =>
    tails.map((percentile) => ({
      metric: `inference.endpoint.${metric}`,
      per,
      parameters: { ...parameters, percentile, ...(bound !== undefined && { slo: bound }) },
    })) satisfies Case['gives'];
  const several = serving.output > 1;
  return [
    ...tail('ttft', slo.ttft),
    ...tail('e2e', slo.e2e),
    ...(several ? tail('tpot_excl_ttft', slo.tpot) : []),
    ...(several ? tail('chunk_gap', undefined) : []),
    ...(several ? tail('itl', undefined) : []),
    ...FIGURES.map((metric) => ({ metric: `inference.endpoint.${metric}`, per }) as const),
    ...CHECKS.map((metric) => ({ metric, per, as: 'check' }) as const),
  ];
}

/** One value a window. */
const FIGURES = [
  'output-throughput',
  'throughput-per-accelerator',
  'throughput-per-node',
  'request-throughput',
  'goodput',
  'good-share',
  'answered-share',
] as const;

/** Truths of a window: one false fails the endpoint. */
export const CHECKS = [
  'inference.endpoint.keeps-up',
  'inference.endpoint.usage',
  'inference.endpoint.streams',
] as const;

function arrivalsName({ arrivals }: Serving): string {
  if (typeof arrivals === 'string') return arrivals;
  return 'bursts' in arrivals ? `bursts-${arrivals.bursts}` : 'trace';
}

function idOf({ api, input, output, arrivals, from }: Parameters): string {
  const where = from === 'controller' ? '' : `.from-${String(from)}`;
  return `${String(api)}.${String(input)}x${String(output)}.${String(arrivals)}${where}`;
}
