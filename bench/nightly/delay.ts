/** How many nights until a loss is told, and of whom. */
import { RACK, runNights, type Loss, type Outcome } from './fleet.ts';
import type { Kind } from './noise.ts';

export type Culprit = 'node' | 'rack' | 'fleet';

/** Night on which the loss begins, and how long it is waited for. */
const START = 100;
const WAIT = 60;
/** Drift: begins sooner, and takes its time. */
const DRIFT_START = 40;
const DRIFT_WAIT = 200;

/** One loss that was there. */
export interface Delay {
  /** Nights until it was told, 1 = the night on which it began; Infinity = not within the time. */
  readonly nights: number;
  /** Whether the alarm named this culprit. False with finite nights: another one, e.g. a node of the rack. */
  readonly named: boolean;
  /** Nights between the change point said and the true one. */
  readonly off: number;
}

/** Losses of one panel: culprits are far from each other. */
interface Setting {
  readonly nodes: number;
  readonly culprits: readonly { readonly id: string; readonly has: (node: number) => boolean }[];
}

const SETTINGS: Readonly<Record<Culprit, Setting>> = {
  node: {
    nodes: 1000,
    culprits: Array.from({ length: 16 }, (_, at) => {
      const node = 31 + 61 * at;
      return { id: `n${node}`, has: (one: number) => one === node };
    }),
  },
  rack: {
    nodes: 1000,
    culprits: [7, 28, 49].map((rack) => ({
      id: `r${rack}`,
      has: (one: number) => Math.floor(one / RACK) === rack,
    })),
  },
  fleet: { nodes: 128, culprits: [{ id: 'fleet', has: () => true }] },
};

/** A step of `loss` (relative) at night 100. */
export function stepDelays(kind: Kind, culprit: Culprit, loss: number, panel: number): Delay[] {
  const depth = -Math.log1p(-loss);
  const names = ['step', culprit, loss, panel];
  return delays(kind, culprit, names, START, START + WAIT, (night) => (night < START ? 0 : depth));
}

/** A decay that never jumps: `rate` (relative) a night from night 40 on. */
export function driftDelays(kind: Kind, culprit: Culprit, rate: number, panel: number): Delay[] {
  const names = ['drift', culprit, rate, panel];
  return delays(kind, culprit, names, DRIFT_START, DRIFT_START + DRIFT_WAIT, (night) =>
    Math.max(0, (night - DRIFT_START + 1) * -Math.log1p(-rate)),
  );
}

function delays(
  kind: Kind,
  culprit: Culprit,
  names: readonly (string | number)[],
  start: number,
  nights: number,
  depth: (night: number) => number,
): Delay[] {
  const { nodes, culprits } = SETTINGS[culprit];
  const hit = Uint8Array.from({ length: nodes }, (_, node) =>
    culprits.some((one) => one.has(node)) ? 1 : 0,
  );
  const loss: Loss = (node, night) => (hit[node] === 1 ? depth(night) : 0);
  const { told } = runNights(kind, nodes, nights, names, loss);
  return culprits.map((one) => found(told, one, start));
}

function found(
  told: Outcome['told'],
  { id, has }: Setting['culprits'][number],
  start: number,
): Delay {
  const about = told.find(
    ({ night, scope, subjects }) =>
      night >= start &&
      (scope.kind === 'fleet' ? id === 'fleet' : subjects.some((one) => has(Number(one.slice(1))))),
  );
  if (about === undefined) return { nights: Infinity, named: false, off: NaN };
  const { scope } = about;
  const since = Math.round((Date.parse(about.since) - Date.UTC(2026, 0, 1)) / 86_400_000);
  return {
    nights: about.night - start + 1,
    named: ('id' in scope ? scope.id : 'fleet') === id,
    off: since - start,
  };
}
