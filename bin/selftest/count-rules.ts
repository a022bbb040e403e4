/** Criteria on events: one event during a trial, and a counter that can't be read. */
import type { Criterion } from '../../plan/model.ts';
import { ofNode, records, type Printed } from './edits.ts';
import type { Healthy, Proofs } from './model.ts';

interface Counter {
  /** Fields of a watch line that it is computed from. */
  readonly fields: readonly string[];
  /** Values of the first field before and after the event. */
  readonly from?: number;
  readonly to: number;
  /** Fact without which its absence means nothing. */
  readonly fact?: string;
}

/** Event → what the companion prints of it; 79 is "fallen off the bus", 0x8 the hardware slowdown. */
const COUNTERS: Readonly<Record<string, Counter>> = {
  xid: { fields: ['xid'], to: 79, fact: 'kernel-log' },
  'ecc-uncorrected': { fields: ['ecc-uncorrected'], from: 0, to: 1 },
  'ecc-corrected': { fields: ['ecc-corrected'], from: 0, to: 1 },
  'row-remap': {
    fields: ['remap-uncorrectable', 'remap-correctable', 'remap-pending', 'remap-failure'],
    from: 0,
    to: 1,
  },
  'nvlink-recovery': { fields: ['nvlink-recovery'], from: 0, to: 1 },
  'hardware-slowdown': { fields: ['throttle'], from: 0, to: 8 },
  'link-down': { fields: ['nic-link-downed', 'carrier-down'], from: 0, to: 1 },
  'nic-error': {
    fields: ['nic-link-error-recovery', 'nic-local-ack-timeout-err'],
    from: 0,
    to: 1,
  },
};
const PREFIX = 'companion.events.';

export function countRules(criterion: Criterion, healthy: Healthy): Proofs {
  const { victim, accelerator, verdict } = healthy;
  const event = criterion.metric.slice(PREFIX.length);
  const counter = criterion.metric.startsWith(PREFIX) ? COUNTERS[event] : undefined;
  const row = verdict.criteria.find((one) => one.id === criterion.id);
  if (counter === undefined || row?.worst?.estimate === undefined) {
    return 'the healthy fleet gave no count of it';
  }
  const companion = ofNode(victim, 'companion');
  const [field = ''] = counter.fields;
  const device = criterion.per === 'accelerator' ? { accelerator } : {};
  const watch = (at: number, value: number): Printed => ({
    assay: 1,
    kind: 'watch',
    ...device,
    at,
    fields: { [field]: value },
  });
  const told = [
    ...(counter.from === undefined ? [] : [watch(5, counter.from)]),
    watch(6, counter.to),
  ];
  return {
    past: {
      broken: `one ${event} on ${victim} in each of its trials`,
      break: {
        bytes: records(companion, (line) => (line['kind'] === 'done' ? [...told, line] : line)),
      },
    },
    absent: {
      broken: `no counter of ${event} from ${victim}`,
      break: { bytes: records(companion, (line) => without(line, counter)) },
    },
  };
}

function without(line: Printed, { fields, fact }: Counter): Printed | undefined {
  if (line['kind'] === 'fact') return line['name'] === fact ? undefined : line;
  if (line['kind'] !== 'watch') return line;
  const left = Object.entries(line['fields'] as Printed).filter(([key]) => !fields.includes(key));
  return { ...line, fields: Object.fromEntries(left) };
}
