/** How a level criterion decides; chosen before the first trial, but for a sigma that the trials give. */
import type { MixtureDesign } from '../statistics/mixture-decision.ts';

/** The sign rule: all trials on one side of the limit, at confidence 1 − 2^−n. */
export interface SignRule {
  readonly kind: 'sign';
  /** Trials that buy the plan's risk, or as many as the plan allows. */
  readonly trials: number;
  /** Whether these trials buy it. */
  readonly bought: boolean;
  /** Why not the mixture tests. */
  readonly why: string;
}

/** The mixture tests of STATISTICS 2.3. */
export interface MixtureRule extends MixtureDesign {
  readonly kind: 'mixture';
  /** Relative (ln scale). */
  readonly sigma: number;
  /** ln(nominal/limit)/sigma before it was capped; undefined: no nominal, d is a design point. */
  readonly resolution: number | undefined;
  readonly maxTrials: number;
}

/** Sigma will come from this run's repeats: two trials first. */
interface WaitingRule {
  readonly kind: 'waiting';
}

/** The metric can't carry a verdict. */
interface NoRule {
  readonly kind: 'none';
  readonly why: string;
}

export type Rule = SignRule | MixtureRule | WaitingRule | NoRule;
