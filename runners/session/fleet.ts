/** A fleet over one Shell a node: what local, ssh and the clouds behind ssh have in common. */
import { EventEmitter, on, setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import type { Domain, Exit, Fleet, FleetEvent, Identity, Node, RunContext } from '../model.ts';
import { bootstrap, type Ground } from './bootstrap.ts';
import { clear, createHost, isPassing, PUT_LIMIT, type Host, type Puts } from './host.ts';
import { nameless } from './nameless.ts';
import { prepare } from './prepare.ts';
import { printable } from './printable.ts';
import { runOn } from './process-on.ts';
import type { Shell } from './shell.ts';
import { thisMachine } from './this-machine.ts';
import { timeLimit } from '../../plan/limit.ts';

/** A host as its runner knows it before it was reached. */
export interface Target {
  /** Node.name. */
  readonly name: string;
  readonly fabricAddress: string;
  /** More names of it and of the hosts on the way to it that an error may tell; no file of a run may. */
  readonly also?: readonly string[];
  readonly identity: readonly Identity[];
  readonly domains: readonly Domain[];
  /** Absolute path of a folder that the hosts share: files go there once. */
  readonly shared?: string;
  /** Connects. @throws {HarnessError} SSH_*, PROVIDER_* */
  open(signal: AbortSignal): Promise<Shell>;
  /** What is known of the way there once it is open: into Node.environment. */
  facts?(): Readonly<Record<string, string>>;
  /** Told what the host has, before it is a node. @throws {HarnessError} why it is none */
  found?(ground: Ground, signal: AbortSignal): Promise<void>;
  /** Told when the host was looked at: nothing of ours runs there until a step does. */
  read?(): void;
}

/** Longest wait for programs that were told to stop at release, ms. */
const STOPPING = 15_000;
/** Pauses between the tries at a host that can't be reached, ms. */
const RETRIES = [1000, 3000];

/**
 * Opens every target and gives the fleet; what could not be opened is `missing`.
 *
 * @param targets in plan order: the position is the node's id
 * @throws {HarnessError} FLEET_UNREACHABLE when none could be opened
 */
export async function sessionFleet(
  context: RunContext,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<Fleet> {
  const emitter = new EventEmitter();
  const puts: Puts = new Map();
  const over = new AbortController();
  // Every host listens to the same few signals.
  const opening = AbortSignal.any([signal]);
  setMaxListeners(0, over.signal, opening);
  const tell = (node: string, kind: 'lost' | 'back', detail: string) => {
    const event: FleetEvent = { at: new Date().toISOString(), nodes: [node], kind, detail };
    emitter.emit('event', event);
  };
  const openHost = async (id: string, target: Target, ends: AbortSignal) => {
    const shell = await patiently(() => target.open(ends), ends);
    try {
      const ground = sharing(
        target.shared,
        await prepared(shell, context, `${context.run}/${id}`, ends),
      );
      await target.found?.(ground, ends);
      const folder = `${ground.cache}/runs/${context.run}/${id}`;
      const told = (kind: 'lost' | 'back', detail: string) => tell(id, kind, detail);
      return createHost(id, ground, folder, shell, (again) => target.open(again), puts, told);
    } catch (error) {
      await shell.close();
      throw error;
    } finally {
      target.read?.();
    }
  };

  const hosts = new Map<string, Host>();
  const nodes: Node[] = [];
  const missing: (Fleet['missing'][number] & { readonly error: HarnessError })[] = [];
  const opened = await Promise.allSettled(
    targets.map((target, index) => openHost(nodeId(index), target, opening)),
  );
  for (const [index, target] of targets.entries()) {
    const one = opened[index];
    const node = asNode(nodeId(index), target);
    if (one?.status === 'fulfilled') {
      hosts.set(node.id, one.value);
      nodes.push(withGround(node, one.value, target.facts?.()));
    } else if (one?.reason instanceof HarnessError) {
      const { code, message } = one.reason;
      missing.push({ node, slot: target.name, code, reason: message, error: one.reason });
    }
  }
  const bug = opened.find(
    (one) => one.status === 'rejected' && !(one.reason instanceof HarnessError),
  );
  if (bug?.status === 'rejected' || nodes.length === 0) {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    if (bug?.status === 'rejected') throw bug.reason as Error;
    throw noneReached(missing);
  }

  let controller: Promise<Host> | undefined;
  const hostOf = async (id: string): Promise<Host> => {
    const host = hosts.get(id);
    if (host !== undefined) return host;
    if (id !== CONTROLLER) throw new Error(`${id} is not a node of this fleet`);
    const itself = { name: id, fabricAddress: '127.0.0.1', identity: [], domains: [] };
    controller ??= openHost(id, { ...itself, open: async () => thisMachine() }, over.signal);
    return controller;
  };

  const running = new Set<Promise<readonly Exit[]>>();
  let releasing: Promise<readonly { id: string; reason: string }[]> | undefined;
  const fleet: Fleet = {
    origin: context.fleet.standIn === true ? 'stand-in' : 'hardware',
    nodes,
    missing: missing.map(({ node, slot, code, reason }) => ({ node, slot, code, reason })),
    async start(step, sink, stop) {
      const where =
        step.on === 'controller'
          ? [CONTROLLER]
          : step.on === 'native'
            ? step.nodes.slice(0, 1)
            : step.nodes;
      const ends = AbortSignal.any([stop, over.signal]);
      setMaxListeners(0, ends);
      const exits = Promise.all(
        where.map(async (id, rank): Promise<Exit> => {
          const host = await hostOf(id);
          return runOn(host, rank, step, context, sink, ends);
        }),
      );
      running.add(exits);
      try {
        return await exits;
      } finally {
        running.delete(exits);
      }
    },
    async put(ids, sha256, file) {
      const results = await Promise.all(
        ids.map(async (node) => {
          try {
            const host = await hostOf(node);
            const within = (seconds: number) => timeLimit(seconds, over.signal);
            // A host that is away is waited for no longer than for its programs.
            await host.put(sha256, file, within(PUT_LIMIT), within(context.fleet.lease));
            return [];
          } catch (error) {
            if (error instanceof HarnessError) {
              return [{ node, code: error.code, reason: error.message }];
            }
            if (!isAbort(error)) throw error;
            return [{ node, code: 'SSH_LOST', reason: 'the file did not arrive in time' }];
          }
        }),
      );
      return results.flat();
    },
    async *events(ends) {
      try {
        for await (const [event] of on(emitter, 'event', { signal: ends })) {
          yield event as FleetEvent;
        }
      } catch (error) {
        if (!isAbort(error)) throw error;
      }
    },
    release() {
      releasing ??= (async () => {
        over.abort(new Error('released'));
        // What runs is told to stop; then its end is heard before the connection goes.
        const heard = new AbortController();
        // Held until then: nothing else may be left for the loop to wait for.
        const patience = pause(STOPPING, undefined, { signal: heard.signal }).catch(
          () => undefined,
        );
        await Promise.race([Promise.allSettled(running), patience]);
        heard.abort();
        const all = [...hosts.values(), ...(controller === undefined ? [] : [await controller])];
        await Promise.all(all.map(leave));
        return [];
      })();
      return releasing;
    },
  };
  return nameless(fleet, new Map(targets.map(({ also = [] }, at) => [nodeId(at), also])));
}

/** Id under which a step `on: 'controller'` is reported. */
const CONTROLLER = 'controller';

function nodeId(index: number): string {
  return `n${String(index + 1).padStart(4, '0')}`;
}

function asNode(id: string, target: Target): Node {
  const { name, fabricAddress, identity, domains } = target;
  return { id, name, fabricAddress, identity, domains, accelerators: [], environment: {} };
}

/** The host with the folder that it shares with others, where there is one. */
function sharing(folder: string | undefined, ground: Ground): Ground {
  if (folder === undefined) return ground;
  return { ...ground, files: folder, store: `shared ${folder}`, shared: true };
}

/** What the host has; with `prepare: install`, once more after torch was brought. */
async function prepared(
  shell: Shell,
  context: RunContext,
  run: string,
  signal: AbortSignal,
): Promise<Ground> {
  const { python, become, prepare: wanted } = context.fleet;
  const ground = await bootstrap(shell, python, run, signal);
  if (wanted !== 'install' || ground.torch || ground.jax || ground.unwritable !== undefined)
    return ground;
  const done = await prepare(shell, ground.cache, become, signal);
  return { ...(await bootstrap(shell, python, run, signal)), prepared: done };
}

function withGround(node: Node, { ground }: Host, facts: Node['environment'] = {}): Node {
  const environment = {
    ...facts,
    ...(ground.python !== undefined && { python: ground.python.join(' ') }),
    ...(ground.version !== undefined && { 'python.version': ground.version }),
    'python.torch': ground.torch ? 'found' : 'missing',
    ...(ground.prepared !== undefined && { prepared: ground.prepared }),
  };
  return { ...node, environment, ...(ground.boot !== undefined && { machine: ground.boot }) };
}

/** Ends what may still run there, removes this run's folder, closes. */
async function leave(host: Host): Promise<void> {
  const limit = timeLimit(20);
  try {
    if (host.ground.supervisor !== undefined && host.used()) {
      // A host that is away now is not waited for.
      const line = await host.line(timeLimit(5, limit));
      await clear(line, host.folder, limit);
    }
  } catch (error) {
    // A host that can't be reached now ends its programs by their lease.
    if (!isPassing(error) && !isAbort(error) && !(error instanceof HarnessError)) throw error;
  } finally {
    await host.close();
  }
}

async function patiently(open: () => Promise<Shell>, signal: AbortSignal): Promise<Shell> {
  for (const wait of RETRIES) {
    try {
      return await open();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(wait, undefined, { signal });
    }
  }
  return open();
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

function noneReached(missing: readonly { readonly slot: string; readonly error: HarnessError }[]) {
  const shown = missing.slice(0, 3).map((one) => `${printable(one.slot)}: ${one.error.message}`);
  const more = missing.length > 3 ? ` (and ${missing.length - 3} more)` : '';
  return new HarnessError(
    'FLEET_UNREACHABLE',
    `no node could be opened: ${shown.join('; ')}${more}`,
    {
      hint: missing[0]?.error.hint ?? 'Name at least one host.',
      details: { missing: missing.length },
      cause: missing[0]?.error,
    },
  );
}
