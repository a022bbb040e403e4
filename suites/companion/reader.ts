/** Lines → telemetry as it comes, and event counts at the end. Claims nothing: its outcome is always measured. */
import type { Parameters, Subject } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Line, Reader, ReaderContext, Reading } from '../model.ts';
import { parseLine } from '../protocol.ts';
import { Counts } from './counts.ts';
import { decodeThrottle } from './throttle.ts';
import { parseWatch, type Watch } from './watch.ts';

interface Watched {
  readonly node: Node;
  /** −1: the node's own. */
  readonly devices: Map<number, Counts>;
  step: number;
  kernelLog: boolean;
  cost: { cpu?: number; wall?: number };
  facts: number;
}

const FACTS = 20;
/** One object for all, as the tables and the judge know it by. */
const NO_PARAMETERS: Parameters = {};

/** Live and in replay the same; keeps counters only. */
export function companionReader(context: Pick<ReaderContext, 'nodes'>): Reader {
  const nodes = new Map(
    context.nodes.map((node): [string, Watched] => [
      node.id,
      { node, devices: new Map(), step: 0, kernelLog: false, cost: {}, facts: 0 },
    ]),
  );
  return {
    line(text, from) {
      const watched = nodes.get(from.node);
      if (watched === undefined || from.stream !== 'stdout') return [];
      watched.step = from.step;
      const watch = parseWatch(text);
      return watch === undefined ? other(text, watched) : take(watch, watched, from);
    },
    end: () => ({
      readings: [...nodes.values()].flatMap(counted),
      outcome: { status: 'measured' },
    }),
  };
}

function take(watch: Watch, watched: Watched, from: Line): readonly Reading[] {
  const accelerator = watched.node.accelerators.find((one) => one.index === watch.accelerator);
  // A device that the node does not have is nobody's.
  if (watch.accelerator !== undefined && accelerator === undefined) return [];
  const key = watch.accelerator ?? -1;
  const counts = watched.devices.get(key) ?? new Counts();
  watched.devices.set(key, counts);
  counts.take(watch, from.line);
  const { 'own-cpu': cpu, 'own-wall': wall } = watch.fields;
  if (cpu !== undefined) watched.cost.cpu = cpu;
  if (wall !== undefined) watched.cost.wall = wall;
  const readings: Reading[] = [];
  const say = (field: string, value: number) => {
    const { node } = from;
    const { at } = watch;
    readings.push(
      accelerator === undefined
        ? { kind: 'telemetry', node, at, field, value }
        : { kind: 'telemetry', node, accelerator: accelerator.id, at, field, value },
    );
  };
  for (const field in watch.fields) {
    const value = watch.fields[field] as number;
    if (field !== 'throttle') {
      say(field, value);
      continue;
    }
    const { powerCap, thermal, powerBrake, hardware } = decodeThrottle(value);
    say('throttle.power-cap', Number(powerCap));
    say('throttle.thermal', Number(thermal));
    say('throttle.power-brake', Number(powerBrake));
    say('throttle.hardware', Number(hardware));
  }
  return readings;
}

function other(text: string, watched: Watched): readonly Reading[] {
  const parsed = parseLine(text);
  if (!('line' in parsed) || parsed.line.kind !== 'fact' || watched.facts >= FACTS) return [];
  watched.facts += 1;
  const { name, value } = parsed.line;
  if (name === 'kernel-log') watched.kernelLog = value === 'readable';
  return [
    { kind: 'fact', node: watched.node.id, name: `companion.${name}`, value: value.slice(0, 4096) },
  ];
}

function counted(watched: Watched): readonly Reading[] {
  const { node, devices, step, kernelLog, cost } = watched;
  const own = devices.get(-1);
  const sample = (metric: string, value: number, counts: Counts, subject: Subject): Reading => ({
    kind: 'sample',
    metric,
    subject,
    parameters: NO_PARAMETERS,
    value,
    window: [counts.from, counts.to],
    at: { step, node: node.id, stream: 'stdout', line: counts.line },
  });
  const events = (counts: Counts, subject: Subject) =>
    counts
      .events()
      .map(([event, value]) => sample(`companion.events.${event}`, value, counts, subject));
  const itself: Subject = { kind: 'node', node: node.id };
  const readings: Reading[] = own === undefined ? [] : events(own, itself);
  for (const one of node.accelerators) {
    const counts = devices.get(one.index);
    if (one.kind === 'cpu' || counts === undefined) continue;
    const subject: Subject = { kind: 'accelerator', node: node.id, accelerator: one.id };
    readings.push(...events(counts, subject));
    // An XID whose bus address is nobody's counts against every accelerator of the node.
    const xids = counts.xids + (own?.xids ?? 0);
    if (kernelLog) readings.push(sample('companion.events.xid', xids, counts, subject));
  }
  if (own !== undefined && cost.cpu !== undefined && cost.wall !== undefined && cost.wall > 0) {
    readings.push(sample('companion.cost.cpu', cost.cpu / cost.wall, own, itself));
  }
  return readings;
}
