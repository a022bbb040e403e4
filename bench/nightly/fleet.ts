/** A simulated fleet's panel through detection and confirmation, night by night. */
import { judgeFresh } from '../../verdicts/changes/confirm.ts';
import { detectLogs } from '../../verdicts/changes/detect-night.ts';
import type { Alarm, FreshRun } from '../../verdicts/changes/model.ts';
import { startPanel } from '../../verdicts/changes/panel.ts';
import { settleAlarm } from '../../verdicts/changes/settle.ts';
import type { PanelState } from '../../verdicts/changes/state.ts';
import { Noise, normalOf, uniformOf, type Kind } from './noise.ts';

/** Nodes that share a rack. */
export const RACK = 16;
/** Relative noise of a node from night to night, of the whole fleet together, and between nodes (ln). */
export const SIGMA = { node: 0.01, fleet: 0.01, between: 0.02 } as const;

/** ln loss of a node on a night, positive; 0 = none. */
export type Loss = (node: number, night: number) => number;

/** What came of the nights. */
export interface Outcome {
  /** Alarms before confirmation. */
  readonly raised: readonly (Alarm & { readonly night: number })[];
  /** Told, with the night. */
  readonly told: readonly (Alarm & { readonly night: number })[];
  readonly freshRuns: number;
  /** The fleet's level as measured (ln), a value a night. */
  readonly level: readonly number[];
}

/** Days as YYYY-MM-DD from 2026-01-01. */
const DATES = Array.from({ length: 400 }, (_, at) =>
  new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10),
);

/** A panel of nodes in racks, nothing known of them. */
export function panelOf(nodes: number): PanelState {
  return startPanel({
    delivery: 'simulated',
    metric: 'simulated',
    parameters: {},
    better: 'higher',
    margin: 0.01,
    subjects: Array.from({ length: nodes }, (_, at) => ({
      id: `n${at}`,
      kind: 'node' as const,
      parts: [{ kind: 'rack' as const, id: `r${Math.floor(at / RACK)}` }],
    })),
  });
}

/**
 * Runs a fleet's nights for one metric.
 *
 * @param names of the random streams
 * @param loss absent: stable
 */
export function runNights(
  kind: Kind,
  nodes: number,
  nights: number,
  names: readonly (string | number)[],
  loss?: Loss,
): Outcome {
  const uniform = uniformOf(1, kind, ...names);
  const normal = normalOf(uniform);
  const own = Float64Array.from({ length: nodes }, () => 5 + SIGMA.between * normal());
  const each = new Noise(kind, nodes, uniform);
  const all = new Noise(kind, 1, uniform);
  const state = panelOf(nodes);
  const raised: (Alarm & { night: number })[] = [];
  const told: (Alarm & { night: number })[] = [];
  const level: number[] = [];
  let freshRuns = 0;
  const logs = new Float64Array(nodes);
  for (let night = 0; night < nights; night += 1) {
    if (night > 0) {
      each.step();
      all.step();
    }
    const common = SIGMA.fleet * (all.now[0] as number);
    for (let node = 0; node < nodes; node += 1) {
      logs[node] = (own[node] as number) + common + SIGMA.node * (each.now[node] as number);
      logs[node] = (logs[node] as number) - (loss?.(node, night) ?? 0);
    }
    const result = detectLogs(state, DATES[night] as string, logs, []);
    // The first night has no level before it to be measured against.
    if (night > 0) level.push(state.fleet.values.at(-1) as number);
    for (const alarm of result.raised) raised.push({ ...alarm, night });
    for (const alarm of [...result.raised, ...result.standing]) {
      const runs: FreshRun[] = [];
      let said = judgeFresh(alarm, runs);
      while (said.word === 'more') {
        for (const subject of said.next) {
          const node = state.index.get(subject) as number;
          const short = loss?.(node, night) ?? 0;
          const log = (own[node] as number) + common + SIGMA.node * each.fresh(node) - short;
          runs.push({ subject, value: Math.exp(log) });
        }
        said = judgeFresh(alarm, runs);
      }
      freshRuns += runs.length;
      if (settleAlarm(state, alarm, said) === 'opened') told.push({ ...alarm, night });
    }
  }
  return { raised, told, freshRuns, level };
}
