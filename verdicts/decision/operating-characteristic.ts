/** What a rule does to a part of a given true value: the operating characteristic. */
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { stream } from '../../plan/random.ts';
import { addRun, mixtureWord, startMixture } from '../statistics/mixture-decision.ts';
import type { MixtureRule } from './rule.ts';

/** One row of the table of STATISTICS.md 2.3. */
export interface CharacteristicRow {
  /** True value as a share of the way from limit (0) to nominal (1), on the ln scale. */
  readonly truth: number;
  /** Probabilities. */
  readonly pass: number;
  readonly fail: number;
  readonly inconclusive: number;
  /** Mean number of trials. */
  readonly trials: number;
}

const TRUTHS = [1, 0.75, 0.5, 0.25, 0, -0.5, -1] as const;

/**
 * Simulates a rule under Gaussian repeatability.
 *
 * @param replicates parts a row; the standard error of a probability p is √(p(1−p)/replicates)
 * @see STATISTICS.md 2.3, the table of operating characteristics
 */
export function operatingCharacteristic(
  rule: MixtureRule,
  seed: number,
  replicates = 2000,
): readonly CharacteristicRow[] {
  return TRUTHS.map((truth) => {
    const random = stream(seed, 'operating-characteristic', truth);
    const counts = { pass: 0, fail: 0, inconclusive: 0, trials: 0 };
    for (let part = 0; part < replicates; part += 1) {
      const state = startMixture();
      let word: 'pass' | 'fail' | undefined;
      let n = 0;
      while (word === undefined && n < rule.maxTrials) {
        // The stream has 32 bits: its zero would be minus infinity.
        const noise = normalQuantile(Math.max(random(), 2 ** -33), 0, 1);
        addRun(state, truth * rule.d + noise, rule);
        n += 1;
        word = mixtureWord(state, rule);
      }
      counts[word ?? 'inconclusive'] += 1;
      counts.trials += n;
    }
    return {
      truth,
      pass: counts.pass / replicates,
      fail: counts.fail / replicates,
      inconclusive: counts.inconclusive / replicates,
      trials: counts.trials / replicates,
    };
  });
}
