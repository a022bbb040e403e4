/** The session's fleet inside Slurm's jobs: nodes are held while they are used, and let go when they are lost. */
import { EventEmitter, on } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import { timeLimit } from '../../plan/limit.ts';
import type { Exit, Fleet, FleetEvent, PlacedStep } from '../model.ts';
import type { Holds } from './holds.ts';

/** Seconds in which the programs on a lost node's peers are stopped. */
const STOPPING = 5;

/** Seconds within which Slurm says why a job has ended: as long as it lets a job's programs end (KillWait). */
const TOLD = 40;

/** What a node lost to Slurm is told as, to whoever uses it. */
export class Losses {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** Told by the holds, by node name. */
  tell(node: string, kind: FleetEvent['kind'], detail: string): void {
    this.#emitter.emit('told', node, kind, detail);
  }

  /** @returns the way to stop listening */
  listen(hear: (node: string, kind: FleetEvent['kind'], detail: string) => void): () => void {
    this.#emitter.on('told', hear);
    return () => void this.#emitter.off('told', hear);
  }
}

/**
 * @param inner the session's fleet, its targets opened through `holds`
 * @param native environment of steps that launch their ranks themselves, given their nodes' names
 */
export function slurmFleet(
  inner: Fleet,
  holds: Holds,
  losses: Losses,
  native: (nodes: readonly string[], job: string | undefined) => Record<string, string>,
): Fleet {
  const all = [...inner.nodes, ...inner.missing.map((one) => one.node)];
  const nameOf = new Map(all.map((node) => [node.id, node.name]));
  const idOf = new Map(all.map((node) => [node.name, node.id]));
  const names = (ids: readonly string[]) => ids.flatMap((id) => nameOf.get(id) ?? []);
  const { end } = holds;

  const placed = (step: PlacedStep): PlacedStep => {
    if (step.on !== 'native') return step;
    const ranks = names(step.nodes);
    const environment = { ...step.environment, ...native(ranks, holds.jobOf(ranks[0] ?? '')) };
    return { ...step, environment };
  };

  const start: Fleet['start'] = async (step, sink, signal) => {
    if (step.on === 'controller') return inner.start(step, sink, signal);
    const ours = names(step.nodes);
    const leave = ours.map((name) => holds.use(name));
    const cut = new AbortController();
    const lost = new Map<string, string>();
    const stopListening = losses.listen((name, kind, detail) => {
      if (!ours.includes(name) || !ENDS.has(kind)) return;
      lost.set(idOf.get(name) ?? '', detail);
      cut.abort();
    });
    try {
      const away = await reached(ours, holds, signal, (name) => idOf.get(name) ?? '');
      if (away.length > 0) return notStarted(step, away);
      if (signal.aborted) return step.nodes.map((node, rank) => stopped(node, rank));
      const started = performance.now();
      const running = inner.start(
        placed(step),
        // What a program says after its node was lost is not the trial's any more.
        async (chunk) => (lost.has(chunk.node) ? undefined : sink(chunk)),
        AbortSignal.any([signal, cut.signal]),
      );
      const exits = await Promise.race([running, stopping(cut.signal, running)]);
      // What was stopped because its node was lost is not said to have been stopped by us.
      if (exits !== undefined && !cut.signal.aborted) return exits;
      return cutShort(step, lost, (performance.now() - started) / 1000);
    } finally {
      stopListening();
      for (const one of leave) one();
    }
  };

  /** A file that did not arrive: because Slurm took the node back, where it says so within a while. */
  const explained = async (failed: Away, lost: ReadonlyMap<string, string>): Promise<Away> => {
    const { node } = failed;
    const limit = timeLimit(TOLD);
    while (!lost.has(node) && !(await holds.stands(nameOf.get(node) ?? '')) && !limit.aborted) {
      await pause(500);
    }
    const reason = lost.get(node);
    return reason === undefined ? failed : { node, code: 'PROVIDER_GONE', reason };
  };

  return {
    ...inner,
    ...(end !== undefined && { until: new Date(end * 1000) }),
    start,
    async put(ids, sha256, file) {
      const ours = names(ids);
      const leave = ours.map((name) => holds.use(name));
      const lost = new Map<string, string>();
      const stopListening = losses.listen((name, kind, detail) => {
        if (ENDS.has(kind)) lost.set(idOf.get(name) ?? '', detail);
      });
      try {
        const signal = new AbortController().signal;
        const away = await reached(ours, holds, signal, (name) => idOf.get(name) ?? '');
        const there = ids.filter((id) => !away.some((one) => one.node === id));
        const failed = await inner.put(there, sha256, file);
        // What Slurm took back meanwhile is said so, and is told before the trial ends.
        return [...away, ...(await Promise.all(failed.map((one) => explained(one, lost))))];
      } finally {
        stopListening();
        for (const one of leave) one();
      }
    },
    events: (signal) => events(inner, losses, holds, { nameOf, idOf }, signal),
    async release(keep) {
      const left = await inner.release(keep);
      return [...left, ...(await holds.close())];
    },
  };
}

/** After these nothing that ran on the node goes on. */
const ENDS: ReadonlySet<FleetEvent['kind']> = new Set(['lost', 'preempted']);

interface Away {
  readonly node: string;
  readonly code: string;
  readonly reason: string;
}

/** Holds every node; those that can't be had, each with its reason. */
async function reached(
  names: readonly string[],
  holds: Holds,
  signal: AbortSignal,
  idOf: (name: string) => string,
): Promise<readonly Away[]> {
  const tried = await Promise.all(
    names.map(async (name): Promise<readonly Away[]> => {
      try {
        await holds.acquire(name, signal);
        return [];
      } catch (error) {
        if (signal.aborted) return [];
        if (!(error instanceof HarnessError)) throw error;
        return [{ node: idOf(name), code: error.code, reason: error.message }];
      }
    }),
  );
  return tried.flat();
}

/** Resolves when a step's node was lost and the programs on its peers had their time to be stopped. */
async function stopping(cut: AbortSignal, running: Promise<unknown>): Promise<undefined> {
  if (!cut.aborted) {
    await new Promise<void>((resolve) => {
      cut.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  // Peers are stopped before anything else is started there.
  await Promise.race([running, pause(STOPPING * 1000, undefined, { ref: false })]);
}

/** Ends of a step whose node was lost: its own, and those of its peers, which were stopped. */
function cutShort(
  step: PlacedStep,
  lost: ReadonlyMap<string, string>,
  seconds: number,
): readonly Exit[] {
  const speaking = step.on === 'native' ? step.nodes.slice(0, 1) : step.nodes;
  return speaking.map((node, rank): Exit => {
    const reason = lost.get(node);
    if (reason === undefined) return { ...stopped(node, rank), seconds };
    return { node, rank, seconds, ended: 'lost', code: 'PROVIDER_GONE', reason };
  });
}

function stopped(node: string, rank: number): Exit {
  return { node, rank, seconds: 0, ended: 'stopped' };
}

function notStarted(step: PlacedStep, away: readonly Away[]): readonly Exit[] {
  const speaking = step.on === 'native' ? step.nodes.slice(0, 1) : step.nodes;
  return speaking.map((node, rank): Exit => {
    const own = away.find((one) => one.node === node) ?? away[0];
    return {
      node,
      rank,
      seconds: 0,
      ended: 'not-started',
      code: own?.code ?? 'PROVIDER_GONE',
      reason: own?.reason ?? '',
    };
  });
}

/** Slurm's events and the connections'; a connection that we let go ourselves is no event. */
async function* events(
  inner: Fleet,
  losses: Losses,
  holds: Holds,
  known: {
    readonly nameOf: ReadonlyMap<string, string>;
    readonly idOf: ReadonlyMap<string, string>;
  },
  signal: AbortSignal,
): AsyncGenerator<FleetEvent> {
  const merged = new EventEmitter();
  const tell = (event: FleetEvent) => void merged.emit('event', event);
  const stop = losses.listen((name, kind, detail) => {
    const id = known.idOf.get(name);
    if (id !== undefined) tell({ at: new Date().toISOString(), nodes: [id], kind, detail });
  });
  const quiet = new Set<string>();
  const listening = (async () => {
    for await (const event of inner.events(signal)) {
      const [id = ''] = event.nodes;
      // Broken because Slurm took the node, which is told by itself, or because we gave it back.
      const slurms = event.kind === 'lost' && !(await holds.stands(known.nameOf.get(id) ?? ''));
      if (slurms) quiet.add(id);
      else if (!(event.kind === 'back' && quiet.delete(id))) tell(event);
    }
  })();
  try {
    for await (const [event] of on(merged, 'event', { signal })) yield event as FleetEvent;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop();
    await listening;
  }
}
