/** What any accelerator must show, whatever its figures: right results, readiness, no hardware events. */
import type { Part } from '../model.ts';
import { ruleFloor } from './floor.ts';
import type { Floor } from './floor.ts';

/** Checks that need no root; the other readiness checks are shown, and judged where a plan asks. */
const READY = ['accelerator-memory', 'row-remap', 'ecc'] as const;
const READY_SHOWN = ['mig', 'power-limit', 'pcie-width', 'foreign-processes', 'fabric'] as const;

/** Rules of a part; readiness of single accelerators and counters are NVIDIA's: no others are read yet. */
export function rules(part: Part): readonly Floor[] {
  const results = [
    ruleFloor('gemm-correct', 'matmul.gemm.correct', 'accelerator', 'exact'),
    ruleFloor('gemm-reference', 'matmul.gemm.reference', 'accelerator', 'exact'),
    ruleFloor('gemm-digest', 'matmul.gemm.digest', 'accelerator', 'exact'),
    ruleFloor('memory-correct', 'matmul.memory.correct', 'accelerator', 'exact'),
    ruleFloor('all-reduce-correct', 'nccl.all_reduce.correct', 'node', 'exact', {
      where: { scope: 'node' },
      accelerators: 'several',
    }),
    ruleFloor('logits-correct', 'inference.logits.correct', 'accelerator', 'exact'),
    ruleFloor('tokens-digest', 'inference.tokens.digest', 'accelerator', 'exact'),
    ruleFloor('ready-accelerator-count', 'readiness.accelerator-count', 'node', 'exact'),
  ];
  return part.title.startsWith('NVIDIA') ? [...results, ...readiness(), ...events(part)] : results;
}

function readiness(): readonly Floor[] {
  const floor = (name: string, mandatory: boolean) =>
    ruleFloor(
      `ready-${name}`,
      `readiness.${name}`,
      name === 'accelerator-memory' ? 'node' : 'accelerator',
      'exact',
      { mandatory },
    );
  return [
    ...READY.map((name) => floor(name, true)),
    ...READY_SHOWN.map((name) => floor(name, false)),
  ];
}

/** The kernel log and a fabric's ports can't be read everywhere: their counts are shown only. */
function events(part: Part): readonly Floor[] {
  const floor = (name: string, per: Floor['per'], mandatory: boolean) =>
    ruleFloor(`events-${name}`, `companion.events.${name}`, per, 'events', { mandatory });
  return [
    floor('ecc-uncorrected', 'accelerator', true),
    floor('row-remap', 'accelerator', true),
    floor('hardware-slowdown', 'accelerator', true),
    floor('xid', 'accelerator', false),
    ...(part.scaleUp === undefined ? [] : [floor('nvlink-recovery', 'accelerator', false)]),
    floor('link-down', 'node', false),
  ];
}
