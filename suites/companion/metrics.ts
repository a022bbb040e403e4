/** What the companion counts over a trial: events, for `decide: events`, and its own cost. */
import type { Metric } from '../model.ts';

const COUNT = { unit: '', factor: 1, digits: 0 } as const;

function count(name: string, source: string): Metric {
  return { id: `companion.events.${name}`, unit: '1', display: COUNT, better: 'lower', source };
}

/** Counts are differences over one trial; all but the last three are about an accelerator, those about a node. */
export const metrics: readonly Metric[] = [
  count('xid', 'XIDs of class hardware in the kernel log (plan/catalogue/xid.ts)'),
  count('ecc-uncorrected', 'nvidia-smi ecc.errors.uncorrected.volatile.total, last − first'),
  count('ecc-corrected', 'nvidia-smi ecc.errors.corrected.volatile.total, last − first'),
  count(
    'row-remap',
    'nvidia-smi remapped_rows correctable + uncorrectable + pending + failure, last − first',
  ),
  count('nvlink-recovery', 'nvidia-smi nvlink -e: recovery errors over all links, last − first'),
  count(
    'hardware-slowdown',
    'times that hardware slowdown, hardware thermal or power brake began (clocks_event_reasons)',
  ),
  count(
    'link-down',
    'link_downed of all InfiniBand ports + carrier_down_count of all network cards, last − first',
  ),
  count(
    'nic-error',
    'link_error_recovery + local_ack_timeout_err of all InfiniBand ports, last − first',
  ),
  {
    id: 'companion.cost.cpu',
    unit: '1',
    display: { unit: '% of one CPU', factor: 100, digits: 2 },
    better: 'lower',
    source: 'user and system time of the companion and its children ÷ its wall time (getrusage)',
  },
];
