/** A fleet in memory: its processes print what a function says; nothing leaves this process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Origin } from '../../plan/model.ts';
import type {
  Chunk,
  Exit,
  Fleet,
  FleetEvent,
  Node,
  PlacedStep,
  Runner,
} from '../../runners/model.ts';

/** What one process does: what it prints, and how it ends. */
export interface FakeProcess {
  readonly output: string | Uint8Array;
  readonly stderr?: string;
  readonly exit?: Exit extends infer E ? Partial<E> : never;
  /** Milliseconds before it prints. */
  readonly delay?: number;
}

export interface FakeFleetOptions {
  readonly count?: number;
  readonly origin?: Origin;
  /** Nodes on one machine get the same name here. */
  readonly machine?: (node: string) => string | undefined;
  readonly process: (step: PlacedStep, node: string, rank: number) => FakeProcess;
  readonly unreleased?: readonly { id: string; reason: string }[];
}

/** A node id as the plan would number it. */
export function nodeId(at: number): string {
  return `n${String(at + 1).padStart(4, '0')}`;
}

export function fakeNode(at: number): Node {
  return {
    id: nodeId(at),
    identity: [{ kind: 'serial', value: `SN-${at + 1}` }],
    name: `secret-host-${at + 1}.lab`,
    fabricAddress: `10.0.${at >> 8}.${at & 255}`,
    accelerators: [],
    domains: [],
    environment: {},
  };
}

/** Records what was started, put and released. */
export class FakeFleet implements Fleet {
  readonly origin: Origin;
  readonly nodes: readonly Node[];
  readonly missing: Fleet['missing'] = [];
  readonly started: PlacedStep[] = [];
  readonly released: (readonly string[])[] = [];
  readonly puts: { readonly nodes: readonly string[]; readonly sha256: string }[] = [];
  /** Most processes of one node under way at once, and of the fleet by suite. */
  mostOnNode = 0;
  readonly most = new Map<string, number>();
  readonly #options: FakeFleetOptions;
  readonly #under = new Map<string, number>();
  readonly #bySuite = new Map<string, number>();
  readonly #events: FleetEvent[] = [];
  #wake: (() => void) | undefined;

  constructor(options: FakeFleetOptions) {
    this.#options = options;
    this.origin = options.origin ?? 'hardware';
    this.nodes = Array.from({ length: options.count ?? 2 }, (_, at) => fakeNode(at));
  }

  async start(
    step: PlacedStep,
    sink: (chunk: Chunk) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly Exit[]> {
    this.started.push(step);
    return Promise.all(
      step.nodes.map((node, rank) => this.#process(step, node, rank, sink, signal)),
    );
  }

  async put(nodes: readonly string[], sha256: string): Promise<readonly never[]> {
    this.puts.push({ nodes, sha256 });
    return [];
  }

  async *events(signal: AbortSignal): AsyncIterable<FleetEvent> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Tells an event to whoever listens. */
  tell(event: FleetEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  async release(keep: readonly string[]): Promise<readonly { id: string; reason: string }[]> {
    this.released.push(keep);
    return this.#options.unreleased ?? [];
  }

  async #process(
    step: PlacedStep,
    node: string,
    rank: number,
    sink: (chunk: Chunk) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Exit> {
    this.#enter(step.suite, node, 1);
    try {
      const { output, stderr, exit, delay } = this.#options.process(step, node, rank);
      if (delay !== undefined) {
        try {
          await sleep(delay, undefined, { signal });
        } catch {
          return { node, rank, seconds: 0, ended: 'stopped' };
        }
      }
      const bytes = typeof output === 'string' ? Buffer.from(output) : output;
      // In pieces that keep to no line.
      for (let at = 0; at < bytes.length; at += 37_001) {
        await sink({ node, rank, stream: 'stdout', bytes: bytes.subarray(at, at + 37_001) });
      }
      if (stderr !== undefined)
        await sink({ node, rank, stream: 'stderr', bytes: Buffer.from(stderr) });
      return { node, rank, seconds: 0.001, ended: 'exited', code: 0, ...exit } as Exit;
    } finally {
      this.#enter(step.suite, node, -1);
    }
  }

  #enter(suite: string, node: string, by: 1 | -1): void {
    const now = (this.#under.get(node) ?? 0) + by;
    this.#under.set(node, now);
    this.mostOnNode = Math.max(this.mostOnNode, now);
    const all = (this.#bySuite.get(suite) ?? 0) + by;
    this.#bySuite.set(suite, all);
    this.most.set(suite, Math.max(this.most.get(suite) ?? 0, all));
  }
}

/** A runner that gives one fleet. */
export function fakeRunner(fleet: FakeFleet): Runner {
  return { open: async () => fleet };
}
