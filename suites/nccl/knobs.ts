/** Settings of NCCL that are said to matter, each with and without: runs that differ in one variable only. */
import type { Parameters } from '../../plan/model.ts';
import type { Case } from '../model.ts';
import { KNOB_METRIC, type Knob } from './knob-names.ts';

interface Setting {
  readonly variable: string;
  readonly on: string;
  readonly off: string;
  /** Where it shows. */
  readonly scope: 'node' | 'pair' | 'lot';
}

/** @see docs.nvidia.com/deeplearning/nccl, environment variables */
export const KNOBS: Readonly<Record<Knob, Setting>> = {
  nvls: { variable: 'NCCL_NVLS_ENABLE', on: '1', off: '0', scope: 'node' },
  gdr: { variable: 'NCCL_NET_GDR_LEVEL', on: 'SYS', off: 'LOC', scope: 'pair' },
  sharp: { variable: 'NCCL_COLLNET_ENABLE', on: '1', off: '0', scope: 'lot' },
  mnnvl: { variable: 'NCCL_MNNVL_ENABLE', on: '1', off: '0', scope: 'pair' },
};

const BEGINNING = 'nccl.knob.';

/** Whether a case is one half of a pair. */
export function isKnob(of: Pick<Case, 'id'>): boolean {
  return of.id.startsWith(BEGINNING);
}

/** Both halves of a knob; the judge runs them in pairs, in random order. */
export function knobCases(knob: Knob, twin: Case, collective: string, bytes: number): Case[] {
  const per = twin.gives[0]?.per ?? 'node';
  return (['on', 'off'] as const).map((setting): Case => {
    const parameters: Parameters = { ...twin.parameters, collective, bytes, knob, setting };
    const { scope, dtype, library } = twin.parameters;
    return {
      id: `${BEGINNING}${knob}.${setting}.${String(scope)}.${String(dtype)}.${String(library)}`,
      suite: 'nccl',
      parameters,
      scope: twin.scope,
      gives: [{ metric: KNOB_METRIC, per, parameters }],
      expected: Math.min(twin.expected, 30),
    };
  });
}
