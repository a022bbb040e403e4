/** Readiness criteria: what the node's own tools print is broken, or is not there. */
import type { Criterion } from '../../plan/model.ts';
import { readinessRules as checks } from '../../runners/inventory/readiness.ts';
import { inventoried } from './edits.ts';
import type { Healthy, Proofs } from './model.ts';

/** Check → what is put in place of what its tool prints; the first that is found, on one accelerator. */
const WRONG: Readonly<Record<string, readonly [pattern: RegExp, instead: string]>> = {
  'readiness.accelerator-memory': [/<total>\d+ MiB/u, '<total>1024 MiB'],
  'readiness.nics': [/"current_link_width":"16"/u, '"current_link_width":"8"'],
  'readiness.row-remap': [/<remapped_row_pending>No/u, '<remapped_row_pending>Yes'],
  'readiness.mig': [/<current_mig>Disabled/u, '<current_mig>Enabled'],
  'readiness.ecc': [/<current_ecc>Enabled/u, '<current_ecc>Disabled'],
  'readiness.power-limit': [/<current_power_limit>[\d.]+/u, '<current_power_limit>350.00'],
  'readiness.fabric': [/<status>Success/u, '<status>Failure'],
  'readiness.pcie-generation': [/<current_link_gen>5/u, '<current_link_gen>3'],
  'readiness.pcie-width': [/<current_link_width>16x/u, '<current_link_width>8x'],
  'readiness.foreign-processes': [
    /<processes><\/processes>/u,
    '<processes><process_info><pid>4242</pid><type>C</type><process_name>other</process_name></process_info></processes>',
  ],
  'readiness.xid': [/^/u, 'NVRM: Xid (PCI:0000:10:00): 79, pid=1, GPU has fallen off the bus.\n'],
  'readiness.memlock': [/"memlock":"unlimited"/u, '"memlock":65536'],
  'readiness.shm': [/"shm":\d+/u, '"shm":1048576'],
  'readiness.acs': [/ReqRedir-/u, 'ReqRedir+'],
  'readiness.gpudirect': [/,?"nvidia_peermem":""/u, ''],
  'readiness.clock': [/"synchronised":true/u, '"synchronised":false'],
  // One more on the bus than the driver lists; where there is none on the bus: one appears.
  'readiness.accelerator-count': [
    /^\{/u,
    '{"0000:f0:00.0":{"vendor":"0x10de","device":"0x2330","class":"0x030200"},',
  ],
};

export function readinessRules(criterion: Criterion, healthy: Healthy): Proofs {
  const { metric } = criterion;
  const wrong = WRONG[metric];
  const known = Object.entries(checks).find(([name]) => name === metric);
  if (wrong === undefined || known === undefined) return 'its tool prints nothing here';
  const { from } = known[1];
  const row = healthy.verdict.criteria.find((one) => one.id === criterion.id);
  if (row?.verdict !== 'pass') return 'the healthy fleet does not show it';
  return {
    past: {
      broken: `${metric} is false by ${from} of ${healthy.victim}`,
      break: {
        bytes: inventoried(healthy.victim, from, (text) =>
          text.replace(...wrong).replace(',}', '}'),
        ),
      },
    },
    absent: {
      broken: `${from} of ${healthy.victim} is not printed`,
      break: { bytes: inventoried(healthy.victim, from, () => undefined) },
    },
  };
}
