/** The units that a campaign runs; they are given to it, it imports none. */
import type { Node, Step } from '../runners/model.ts';
import type { Reading, Suite } from '../suites/model.ts';
import type { Judge, JudgeSetup } from '../verdicts/model.ts';

/** What a campaign needs of a unit to run it and to read it. */
export type Unit = Pick<Suite, 'id' | 'steps' | 'reader'>;

/** Run first, on every node: what the nodes are. */
export interface InventoryUnit extends Unit {
  /** Names of the readiness checks. */
  readonly checks: readonly string[];
  /** One case, of scope "node". */
  cases(nodes: readonly Node[]): ReturnType<Suite['cases']>;
  /** The node with what its readings say; pure. */
  inventoriedNode(node: Node, readings: readonly Reading[]): Node;
  /** What is asked of a rejected node before it is given back; absent: nothing. */
  diagnosis?(node: Node): Step;
}

/** Everything that a run starts, configured. */
export interface Units {
  readonly inventory: InventoryUnit;
  /** In plan order. */
  readonly suites: readonly Suite[];
  /** Adds its steps to every trial of a suite; claims nothing. */
  readonly companion?: Unit;
}

/** Makes the judge of a run; verdicts/judge.ts has the real one. */
export type CreateJudge = (setup: JudgeSetup) => Judge;

/** The unit that reads a step's output. */
export function unitOf(units: Units, id: string): Unit | undefined {
  if (id === units.inventory.id) return units.inventory;
  if (id === units.companion?.id) return units.companion;
  return units.suites.find((suite) => suite.id === id);
}
