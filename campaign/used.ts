/** What a run has used: beside the estimate in its report. */
import type { Expense, Plan } from '../plan/model.ts';
import type { Node } from '../runners/model.ts';
import type { Attempt, Trial } from '../suites/model.ts';
import { Occupancy } from './schedule/occupancy.ts';

/**
 * Counts the rounds of a run as they end. A fleet may say how long its programs took and not let
 * anybody wait for it, so the clock alone does not tell what was used.
 */
export class UsedSoFar {
  readonly #plan: Plan;
  #occupancy: Occupancy;
  #nodes = 0;
  #trials = 0;
  #rounds = 0;
  /** Trial id → seconds of its attempts in this round. */
  #round = new Map<string, number>();

  constructor(plan: Plan, nodes: readonly Node[]) {
    this.#plan = plan;
    this.#occupancy = new Occupancy(nodes, plan.fleet.atOnce);
    this.#nodes = nodes.length;
  }

  /** Once, after inventory: which nodes share a machine. */
  inventoried(nodes: ReadonlyMap<string, Node>): void {
    const { wall } = this.#occupancy;
    this.#occupancy = new Occupancy(nodes.values(), this.#plan.fleet.atOnce);
    this.#occupancy.wall = wall;
  }

  attempt({ trial, seconds }: Pick<Attempt, 'trial' | 'seconds'>): void {
    this.#round.set(trial.id, (this.#round.get(trial.id) ?? 0) + seconds);
  }

  /** @param started the round's trials, in start order */
  endRound(started: readonly Trial[], timed: ReadonlySet<string>): void {
    for (const trial of started) {
      const seconds = this.#round.get(trial.id);
      if (seconds === undefined) continue;
      this.#occupancy.run(trial.nodes, timed.has(trial.case), seconds);
    }
    this.#occupancy.endRound();
    this.#trials += this.#round.size;
    this.#rounds += 1;
    this.#round = new Map();
  }

  /** @param held seconds by the controller's clock */
  total(held: number): Expense {
    const wallTime = Math.max(held, this.#occupancy.wall);
    const nodeHours = (wallTime * this.#nodes) / 3600;
    const price = this.#plan.delivery.price?.perNodeHour;
    return {
      trials: this.#trials,
      rounds: this.#rounds,
      wallTime,
      nodeHours,
      ...(price !== undefined && { cost: nodeHours * price }),
    };
  }
}
