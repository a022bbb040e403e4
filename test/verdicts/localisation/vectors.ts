/** The blocks of fixtures/vectors that localisation is held to. */
import { readFileSync } from 'node:fs';

const path = new URL('../../../fixtures/vectors/stats-vectors.json', import.meta.url);

export const vectors = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly round_robin_n8_superbench: readonly (readonly (readonly number[])[])[];
  readonly localise_adaptive_formula_vs_sim: readonly {
    readonly N: number;
    readonly k: number;
    readonly dprime: number;
    readonly R1: number;
    readonly R2: number;
    readonly formula_FN: number;
    readonly formula_FP: number;
  }[];
  readonly localise_best_of_R_formula: readonly {
    readonly N: number;
    readonly k: number;
    readonly dprime: number;
    readonly eps: number;
    readonly R: number;
  }[];
};
