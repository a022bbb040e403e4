/** What a good part does: a share of its datasheet, as measured ones do (FACTS.md C), unless the plan says it. */
import type { Parameters, Part } from '../../plan/model.ts';
import { matches } from '../../plan/subject.ts';
import type { SimOptions } from './options.ts';

/** Shares of the datasheet. */
const SHARE = {
  sustained: 0.75,
  boost: 0.8,
  memory: 0.9,
  scaleUp: 0.82,
  network: 0.9,
  exchange: 0.8,
};
/** B/s between host and device over PCIe 5, and s before a collective moves anything. */
const TRANSFER = 52e9;
const LATENCY = 30e-6;
/** The reference device: measured on 2 cores, FACTS.md G. */
const CPU = { flops: 50e9, memory: 8e9, network: 1e9 };

/** Metrics where less is better end so. */
export function lowerIsBetter(metric: string): boolean {
  return metric.endsWith('.time');
}

/**
 * Typical value of a good part, in Metric.unit.
 *
 * @returns undefined for a metric that is neither in the plan's `values` nor known here: it stays missing
 */
export function baseValue(
  metric: string,
  parameters: Parameters,
  options: SimOptions,
  part: Part | undefined,
  accelerators: number,
): number | undefined {
  const told = options.values.find(
    (one) => one.metric === metric && matches(one.where, parameters),
  );
  if (told !== undefined) return told.value;
  const [suite = '', what = '', figure = ''] = metric.split('.');
  if (suite === 'matmul') return matmul(what, figure, parameters, part);
  if (suite === 'inference') return inference(what, parameters, part);
  if (suite === 'nccl') return collective(what, figure, parameters, options, part, accelerators);
  return undefined;
}

function matmul(what: string, figure: string, parameters: Parameters, part: Part | undefined) {
  switch (what) {
    case 'gemm':
    case 'soak': {
      if (figure === 'retention') return 0.99;
      const peak = part?.peaks[String(parameters['dtype'])]?.value;
      const share = parameters['mode'] === 'boost' ? SHARE.boost : SHARE.sustained;
      return peak === undefined ? reference(part, CPU.flops) : share * peak;
    }
    case 'memory':
      return part?.memoryBandwidth
        ? SHARE.memory * part.memoryBandwidth.value
        : reference(part, CPU.memory);
    case 'transfer':
      return TRANSFER;
    default:
      return undefined;
  }
}

function inference(what: string, parameters: Parameters, part: Part | undefined) {
  const billions = /(\d+)b$/u.exec(String(parameters['model']))?.[1];
  const weights = billions === undefined ? 2.6e6 : Number(billions) * 1e9;
  const peak = part?.peaks[String(parameters['dtype'])]?.value ?? CPU.flops;
  const memory = part?.memoryBandwidth?.value ?? CPU.memory;
  const prefill = (0.5 * peak) / (2 * weights);
  const batch = Number(parameters['batch'] ?? 1);
  const context = Number(parameters['context'] ?? 1024);
  switch (what) {
    case 'prefill':
      return prefill;
    case 'decode':
      // Half of what reading all weights once a step allows.
      return (0.5 * batch * memory) / (2 * weights);
    case 'first-token':
      return context / prefill;
    default:
      return undefined;
  }
}

function collective(
  what: string,
  figure: string,
  parameters: Parameters,
  options: SimOptions,
  part: Part | undefined,
  accelerators: number,
) {
  const network = options.nics * options['nic-rate'];
  const inside = part?.scaleUp?.value;
  const inNode = parameters['scope'] === 'node';
  if (parameters['scope'] === 'rail') {
    const bytes = Number(parameters['bytes'] ?? 2 ** 30);
    const time = LATENCY + bytes / ((SHARE.network * network) / accelerators);
    return figure === 'time' ? time : bytes / time;
  }
  const outside =
    what === 'alltoall' ? (SHARE.exchange * network) / accelerators : SHARE.network * network;
  const wire = inNode
    ? inside && SHARE.scaleUp * inside
    : Math.min(outside, SHARE.scaleUp * (inside ?? Infinity));
  const speed = wire ?? CPU.network;
  const bytes = Number(parameters['bytes'] ?? 2 ** 30);
  const time = LATENCY + bytes / speed;
  return figure === 'time' ? time : bytes / time;
}

function reference(part: Part | undefined, value: number): number | undefined {
  return part?.kind === 'cpu' ? value : undefined;
}
