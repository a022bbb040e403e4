/** The simulated fleet: evidence bytes through the suites' own `simulate`, and nothing sleeps. */
import { once, setMaxListeners } from 'node:events';
import type { Chunk, Exit, Fleet, Node, PlacedStep, RunContext, SimulatedNode } from '../model.ts';
import { duration } from './durations.ts';
import { momentOf, shows, type Moment } from './faults.ts';
import { bareNode } from './layout.ts';
import { bytesOf, type Output } from './output.ts';
import type { Fault } from './options.ts';
import { simulatedNode, type World } from './truth.ts';

/** Enough for the evidence to be synced in groups; few enough for what is under way to be collected while it is young. */
const AT_ONCE = 48;

/** Faults that end a process before it says anything. */
const SILENT = ['dead', 'flapping', 'hang'] as const;

/** @param truth nodes as they truly are, in plan order */
export function simulatedFleet(context: RunContext, world: World, truth: readonly Node[]): Fleet {
  const { simulate } = context;
  if (simulate === undefined)
    throw new Error('the sim runner was opened without suites to simulate');
  const byId = new Map(truth.map((node) => [node.id, node]));
  const missing = truth.filter((node) => faultsOf(node.id).some((one) => one.kind === 'missing'));
  const gone = new Set(missing);
  const there = truth.filter((node) => !gone.has(node));

  function faultsOf(node: string): readonly Fault[] {
    return world.faults.get(node) ?? [];
  }

  function processes(step: PlacedStep): readonly string[] {
    return step.on === 'native' ? step.nodes.slice(0, 1) : step.nodes;
  }

  async function run(
    step: PlacedStep,
    node: SimulatedNode,
    rank: number,
    others: readonly SimulatedNode[],
    moment: Moment,
    sink: (chunk: Chunk) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Exit> {
    const id = node.node.id;
    const active = faultsOf(id).filter((fault) => shows(fault, id, moment, world.chances));
    const seconds = duration(step, id, world.options, world.trials);
    const silent = silence(step, active, { node: id, rank, seconds });
    if (silent !== undefined) return silent;
    const output: Output = { program: () => simulate?.(step, node, others) ?? [], active };
    for (const bytes of bytesOf(output, step, node, others, simulate ?? (() => []))) {
      if (signal.aborted) break;
      await sink({ node: id, rank, stream: 'stdout', bytes });
    }
    if (step.role === 'server' || step.role === 'companion') {
      // Its trial ends it; one that ended by itself would look like a crash.
      if (!signal.aborted) await once(signal, 'abort');
      return { node: id, rank, seconds, ended: 'stopped' };
    }
    if (signal.aborted) return { node: id, rank, seconds, ended: 'stopped' };
    const crashed = active.some((fault) => fault.kind === 'crash' && step.suite !== 'inventory');
    return { node: id, rank, seconds, ended: 'exited', code: crashed ? 1 : 0 };
  }

  return {
    origin: 'simulated',
    atOnce: AT_ONCE,
    told: true,
    nodes: there.map(bareNode),
    missing: missing.map((node) => ({
      slot: node.name,
      code: 'SSH_UNREACHABLE',
      reason: 'simulated: the node was never there',
      node: bareNode(node),
    })),
    async start(step, sink, signal) {
      // Every process of a wide step listens.
      setMaxListeners(0, signal);
      const moment = momentOf(step.attempt);
      const all = step.nodes.flatMap((id) => {
        const node = byId.get(id);
        return node === undefined ? [] : [simulatedNode(world, stale(node), step.nodes, moment)];
      });
      const exits = processes(step).map((id, rank) => {
        const node = all.find((one) => one.node.id === id);
        if (node === undefined) throw new Error(`${id} is no node of this fleet`);
        const others = all.length === 1 ? [] : all.filter((one) => one !== node);
        return run(step, node, rank, others, moment, sink, signal);
      });
      return Promise.all(exits);
    },
    put: async () => [],
    async *events(signal) {
      if (!signal.aborted) await once(signal, 'abort');
      yield* [];
    },
    release: async () => [],
  };

  /** The node with what its faults change in its make-up. */
  function stale(node: Node): Node {
    let made = node;
    for (const fault of faultsOf(node.id)) {
      if (fault.kind === 'stale-driver') {
        made = { ...made, environment: { ...made.environment, driver: '550.54.15' } };
      } else if (fault.kind === 'missing-accelerator') {
        const lost = fault.accelerator ?? made.accelerators.length - 1;
        const left = made.accelerators.filter((one) => one.index !== lost);
        made = { ...made, accelerators: left.map((one, index) => ({ ...one, index })) };
      }
    }
    return made;
  }
}

function silence(
  step: PlacedStep,
  active: readonly Fault[],
  exit: { readonly node: string; readonly rank: number; readonly seconds: number },
): Exit | undefined {
  const kind = SILENT.find((one) => active.some((fault) => fault.kind === one));
  switch (kind) {
    case undefined:
      return undefined;
    case 'dead':
      return {
        ...exit,
        seconds: 0,
        ended: 'not-started',
        code: 'SSH_UNREACHABLE',
        reason: 'simulated: the node does not answer',
      };
    case 'flapping':
      return { ...exit, ended: 'lost', code: 'SSH_LOST', reason: 'simulated: contact broke' };
    case 'hang':
      return step.suite === 'inventory' || step.role === 'companion'
        ? undefined
        : { ...exit, seconds: step.limit, ended: 'timed-out' };
  }
}
