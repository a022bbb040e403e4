/**
 * Whether a setting does what is claimed of it: runs with and without, in pairs that follow each other directly, in
 * random order, when everything else is decided. Told with an interval; a knob without effect is said to have none.
 */
import { shuffle, stream } from '../../plan/random.ts';
import type { Node } from '../../runners/model.ts';
import type { Case, Metric } from '../../suites/model.ts';
import type { Request } from '../model.ts';
import { knobEffect } from '../statistics/knob-effect.ts';
import { byText } from '../criteria/ledger.ts';

/** Pairs of runs on the same nodes. */
const PAIRS = 6;
/** Nodes that a knob is tried on, at most; a knob over the lot is tried on all. */
const NODES = 16;
const CONFIDENCE = 0.99;

type Setting = 'on' | 'off';

interface Knob {
  readonly name: string;
  readonly cases: Readonly<Record<Setting, Case>>;
  groups?: readonly (readonly string[])[];
  /** Runs asked for so far: two a pair. */
  asked: number;
  /** By nodes and pair. */
  readonly values: Map<string, Partial<Record<Setting, number>>>;
}

/** Whether a case is half of a knob's pair: none of the criteria's business. */
export function isKnobCase({ parameters }: Case): boolean {
  return parameters['knob'] !== undefined;
}

export class KnobPairs {
  readonly #knobs: readonly Knob[];
  readonly #seed: number;
  /** The run under way: case → pair. */
  #running = new Map<string, number>();

  constructor(cases: readonly Case[], seed: number) {
    this.#seed = seed;
    const names = new Map<string, Partial<Record<Setting, Case>>>();
    for (const one of cases.filter(isKnobCase)) {
      const { knob, setting } = one.parameters;
      const own = names.get(String(knob)) ?? {};
      names.set(String(knob), own);
      if (setting === 'on' || setting === 'off') own[setting] = one;
    }
    this.#knobs = [...names].flatMap(([name, { on, off }]) =>
      on === undefined || off === undefined
        ? []
        : [{ name, cases: { on, off }, asked: 0, values: new Map() }],
    );
  }

  /** Whether there is any. */
  get any(): boolean {
    return this.#knobs.length > 0;
  }

  /** A value of a half. @returns whether the case is one of a knob */
  take(of: string, nodes: readonly string[], value: number): void {
    const pair = this.#running.get(of);
    for (const knob of this.#knobs) {
      for (const setting of ['on', 'off'] as const) {
        if (knob.cases[setting].id !== of || pair === undefined || value <= 0) continue;
        const key = `${nodes.join('~')} ${pair}`;
        const known = knob.values.get(key) ?? {};
        knob.values.set(key, known);
        // A second value of the half (another rank's subject) is never the better one.
        known[setting] = Math.min(known[setting] ?? Infinity, value);
      }
    }
  }

  /** The next run of each knob. @param ready nodes that passed, in plan order */
  next(ready: readonly Node[]): Request[] {
    this.#running = new Map();
    return this.#knobs.flatMap((knob): Request[] => {
      knob.groups ??= groupsOf(knob.cases.on, ready);
      if (knob.asked >= 2 * PAIRS || knob.groups.length === 0) return [];
      const pair = knob.asked >> 1;
      const order = shuffle<Setting>(['on', 'off'], stream(this.#seed, 'knob', knob.name, pair));
      const { id } = knob.cases[order[knob.asked % 2] as Setting];
      knob.asked += 1;
      this.#running.set(id, pair);
      return [{ case: id, groups: knob.groups.map((group) => [...group]), why: 'planned' }];
    });
  }

  /** What each knob came to. */
  notes(metrics: readonly Metric[]): string[] {
    return this.#knobs.map(({ name, cases, values }) => {
      const [metric] = cases.on.gives;
      const better = metrics.find((one) => one.id === metric?.metric)?.better ?? 'higher';
      const whole = [...values]
        .sort(([a], [b]) => byText(a, b))
        .flatMap(([, { on, off }]) =>
          on === undefined || off === undefined ? [] : [[on, off] as const],
        );
      const effect = knobEffect(
        whole.map(([on]) => on),
        whole.map(([, off]) => off),
        better,
        CONFIDENCE,
      );
      const what = `knob ${name} (${cases.on.scope}, ${whole.length} pairs of runs)`;
      if (effect === undefined) return `${what}: too few pairs to tell whether it has an effect`;
      const share = (ratio: number) =>
        `${ratio >= 1 ? '+' : '−'}${Math.abs(100 * (ratio - 1)).toFixed(1)} %`;
      const [low, high] = effect.interval;
      const interval = `${share(effect.ratio)} with it, ${share(low)} to ${share(high)} at ${CONFIDENCE * 100} %`;
      return effect.word === 'none'
        ? `${what}: no effect is shown: ${interval}`
        : `${what} is ${effect.word}: ${interval}`;
    });
  }
}

function groupsOf(of: Case, ready: readonly Node[]): string[][] {
  const ids = ready.map((node) => node.id);
  switch (of.scope) {
    case 'node':
    case 'endpoint':
      return ids.slice(0, NODES).map((id) => [id]);
    case 'pair':
      return Array.from({ length: Math.floor(Math.min(ids.length, NODES) / 2) }, (_, at) =>
        ids.slice(2 * at, 2 * at + 2).sort(byText),
      );
    case 'domain':
    case 'lot':
      return ids.length < 2 ? [] : [[...ids].sort(byText)];
  }
}
