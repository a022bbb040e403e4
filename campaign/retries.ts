/** Which failed attempts get another: reach and harness faults, two more at most. */
import type { Outcome, Trial } from '../suites/model.ts';

/** Attempts of one trial. */
const MOST = 3;
/** Share of the fleet from which on a failure is the surroundings', not the nodes'. */
const COMMON = 0.2;
/** Fewer nodes than this are not "many". */
const FEWEST = 3;

/** Counts failures over the fleet: a common one is tried again on one node (the canary) only. */
export class Retries {
  readonly #total: number;
  readonly #failed = new Map<string, Set<string>>();
  readonly #canaries = new Map<string, string>();

  /** @param total nodes of the fleet */
  constructor(total: number) {
    this.#total = total;
  }

  /**
   * @param tries attempts of this trial so far, this one included
   * @returns whether the trial gets another attempt
   */
  again(trial: Trial, outcome: Outcome, tries: number): boolean {
    if (outcome.status === 'measured') {
      this.#passed(trial);
      return false;
    }
    if (outcome.owner !== 'reach' && outcome.owner !== 'harness') return false;
    if (outcome.owner === 'reach') return tries < MOST;
    const nodes = this.#failed.get(outcome.code) ?? new Set<string>();
    this.#failed.set(outcome.code, nodes);
    for (const node of trial.nodes) nodes.add(node);
    if (tries >= MOST) return false;
    if (nodes.size < FEWEST || nodes.size <= COMMON * this.#total) return true;
    const canary = this.#canaries.get(outcome.code) ?? trial.id;
    this.#canaries.set(outcome.code, canary);
    return canary === trial.id;
  }

  /** The canary passed: what was common is over. */
  #passed(trial: Trial): void {
    for (const [code, canary] of this.#canaries) {
      if (canary !== trial.id) continue;
      this.#canaries.delete(code);
      this.#failed.delete(code);
    }
  }
}
