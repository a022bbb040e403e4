/** Settings of NCCL that can be tried with and without. */
export const KNOB_NAMES = ['nvls', 'gdr', 'sharp', 'mnnvl'] as const;
export type Knob = (typeof KNOB_NAMES)[number];

/** Name of what is measured; no criterion of a collective can fit it. */
export const KNOB_METRIC = 'nccl.knob.busbw';
