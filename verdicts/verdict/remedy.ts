/** Whose turn it is with a node that did not pass, what kind of trouble it is, and the next step. */
import type { Criterion } from '../../plan/model.ts';
import { railsText } from '../localisation/rails.ts';
import type { Cause, Finding, Word } from '../model.ts';

/** Kinds of trouble: who at the provider's takes it up. */
type Trouble =
  | 'compute'
  | 'memory'
  | 'scale-up'
  | 'NIC'
  | 'link'
  | 'thermal'
  | 'software'
  | 'fault'
  | 'delivery'
  | 'identity'
  | 'correctness'
  | 'nonconforming';

export interface Remedy {
  readonly owner: string;
  readonly class: string;
  readonly next: string;
}

const NEXT: Readonly<Record<Trouble, string>> = {
  compute:
    'swap the accelerator or its board and run the criterion again; ask for its clocks and power cap',
  memory: 'read ECC and row remaps, swap the accelerator, then test it again',
  'scale-up':
    'check the counters of its links (NVLink, ICI) and switches and reseat or swap the board, then test it again',
  NIC: 'check the node’s NICs, cables and transceivers (width, rate, errors), then test it again with other nodes',
  link: 'check the part that is named and its cables, then test its nodes again',
  thermal: 'check cooling, power caps and neighbours in the rack, then test it again under load',
  software: 'bring driver, firmware and libraries to those of the lot, then test it again',
  fault: 'take the node out, find the cause from the attempts that are named, then test it again',
  delivery: 'deliver what was bought, or agree on what is there',
  identity: 'show which machine this is: one machine counts once',
  correctness: 'take the part out: wrong results don’t mend; swap it and test it again',
  nonconforming: 'repair or replace, then test it again',
};

/** @param criterion of the finding that decided the node's word */
export function remedy(
  verdict: Word,
  finding: Finding | undefined,
  criterion: Criterion | undefined,
): Partial<Remedy> {
  if (verdict === 'pass') return {};
  if (verdict === 'fail') {
    const trouble = troubleOf(finding, criterion);
    return { owner: 'provider', class: trouble, next: nextStep(trouble, finding) };
  }
  return verdict === 'inconclusive'
    ? { owner: 'both', class: 'doubt', next: 'test it again, or agree who bears the doubt' }
    : {
        owner: 'harness',
        class: 'not-tested',
        next: 'mend what kept it from being tested, then resume',
      };
}

function nextStep(trouble: Trouble, finding: Finding | undefined): string {
  const rails = finding?.rails ?? [];
  if (trouble !== 'NIC' || rails.length === 0) return NEXT[trouble];
  return `check the NIC, cable and transceiver of ${railsText(rails)} (width, rate, errors) and the slot it sits in, then test it again with other nodes`;
}

const CAUSES: Partial<Record<Cause, Trouble>> = {
  thermal: 'thermal',
  power: 'thermal',
  link: 'NIC',
};

/** Beginnings of metrics, the longest first. */
const METRICS: readonly (readonly [string, Trouble])[] = [
  ['companion.events.ecc', 'memory'],
  ['companion.events.row-remap', 'memory'],
  ['companion.events.nvlink', 'scale-up'],
  ['companion.events.hardware-slowdown', 'thermal'],
  ['companion.events.link-down', 'NIC'],
  ['companion.events.nic', 'NIC'],
  ['companion.events.', 'compute'],
  ['readiness.row-remap', 'memory'],
  ['readiness.ecc', 'memory'],
  ['readiness.nic', 'NIC'],
  ['readiness', 'software'],
  ['matmul.memory', 'memory'],
  ['matmul.transfer', 'link'],
  ['matmul.', 'compute'],
  ['inference.', 'compute'],
  ['completeness', 'fault'],
  ['correctness', 'correctness'],
  ['delivery.matches', 'delivery'],
  ['identity', 'identity'],
  ['uniform', 'software'],
  ['localisation', 'link'],
];

/** Beginning of the check and of the cases that prove which network was used. */
const PROOF = 'nccl.transport.';

/** Held against the node by what localisation made of proofs alone. */
function onlyProofs({ attempts }: Finding): boolean {
  return attempts.length > 0 && attempts.every((id) => id.startsWith(PROOF));
}

function troubleOf(finding: Finding | undefined, criterion: Criterion | undefined): Trouble {
  if (finding === undefined || criterion === undefined) return 'nonconforming';
  const { metric, where, per } = criterion;
  if (metric.endsWith('.correct') || metric.endsWith('.digest')) return 'correctness';
  const cause = finding.cause === undefined ? undefined : CAUSES[finding.cause];
  if (cause !== undefined) return cause;
  // Another network than claimed: its plugin, driver or settings are not there.
  if (metric.startsWith(PROOF) || onlyProofs(finding)) return 'software';
  if (metric.startsWith('nccl.')) {
    return per === 'node' || where['scope'] === 'node' ? 'scale-up' : 'NIC';
  }
  return METRICS.find(([beginning]) => metric.startsWith(beginning))?.[1] ?? 'nonconforming';
}
