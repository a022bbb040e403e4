/** Simulated fleets for the tests of changes: synthetic, seeded. */
import { stream } from '../../../plan/random.ts';
import { judgeFresh } from '../../../verdicts/changes/confirm.ts';
import { detectNight } from '../../../verdicts/changes/detect-night.ts';
import type {
  Alarm,
  Confirmation,
  Declared,
  FreshRun,
  Panel,
} from '../../../verdicts/changes/model.ts';
import { settleAlarm } from '../../../verdicts/changes/settle.ts';
import type { PanelState } from '../../../verdicts/changes/state.ts';

/** Nodes in racks of 16; what they were accepted with is not known. */
export function panelOf(nodes: number, rest: Partial<Panel> = {}): Panel {
  return {
    delivery: 'D',
    metric: 'matmul.gemm.throughput',
    parameters: { dtype: 'bf16' },
    better: 'higher',
    margin: 0.01,
    subjects: Array.from({ length: nodes }, (_, at) => ({
      id: `serial:${at}`,
      kind: 'node' as const,
      parts: [{ kind: 'rack' as const, id: `r${at >> 4}` }],
    })),
    ...rest,
  };
}

/** YYYY-MM-DD of a night, counted from 2026-01-01. */
export function dateOf(night: number): string {
  return new Date(Date.UTC(2026, 0, 1 + night)).toISOString().slice(0, 10);
}

/** Told and closed alarms with the night on which it happened. */
export interface Told {
  readonly night: number;
  readonly what: 'opened' | 'closed';
  readonly alarm: Alarm;
  readonly said: Confirmation;
}

/** What is simulated: `loss(node, night)` relative, on a node level of 700 with spread 2 %. */
export interface Simulation {
  readonly nights: number;
  readonly sigma: number;
  readonly fleetSigma?: number;
  readonly loss: (node: number, night: number) => number;
  readonly seen?: (node: number, night: number) => boolean;
  readonly declared?: (night: number) => readonly Declared[];
  readonly seed?: number;
  /** Between nodes, relative; 0.02 when absent. */
  readonly spread?: number;
}

/** Runs nights through detection and confirmation with fresh runs; all alarms raised, and all told. */
export function simulate(
  state: PanelState,
  { nights, sigma, fleetSigma = 0, loss, seen, declared, seed = 1, spread = 0.02 }: Simulation,
): { readonly raised: Alarm[]; readonly told: Told[] } {
  const random = stream(seed, 'nights');
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const own = state.subjects.map(() => 700 * Math.exp(spread * normal()));
  const raised: Alarm[] = [];
  const told: Told[] = [];
  const from = state.dates.length;
  for (let night = from; night < from + nights; night += 1) {
    const common = fleetSigma * normal();
    const value = (node: number) =>
      (own[node] as number) * (1 - loss(node, night)) * Math.exp(common + sigma * normal());
    const values = new Map<string, number>();
    for (const [node, { id }] of state.subjects.entries()) {
      if (seen?.(node, night) ?? true) values.set(id, value(node));
    }
    const result = detectNight(state, {
      date: dateOf(night),
      values,
      declared: declared?.(night) ?? [],
    });
    raised.push(...result.raised);
    for (const alarm of [...result.raised, ...result.standing]) {
      const fresh: FreshRun[] = [];
      let said = judgeFresh(alarm, fresh);
      while (said.word === 'more') {
        for (const subject of said.next) {
          fresh.push({ subject, value: value(state.index.get(subject) as number) });
        }
        said = judgeFresh(alarm, fresh);
      }
      const what = settleAlarm(state, alarm, said);
      if (what !== undefined) told.push({ night, what, alarm, said });
    }
  }
  return { raised, told };
}
