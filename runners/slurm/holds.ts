/** Which of our jobs has which node: makes jobs for nodes that are asked for, hears when one is lost. */
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError } from '../../plan/errors.ts';
import type { FleetEvent } from '../model.ts';
import {
  Demand,
  type DemandTerms,
  gone,
  type Hold,
  type Job,
  now,
  SOON,
  type Wanted,
} from './demand.ts';
import type { NodeReader, SlurmNode } from './node-table.ts';
import { isDrained, lostWithin, stateWords } from './node-states.ts';
import { cancelJobs, endAll, isOpen, ourJobs, type QueuedJob } from './queue.ts';

/** How nodes are held. */
export interface HoldTerms extends DemandTerms {
  /** Seconds. */
  readonly poll: number;
  readonly linger: number;
}

/** Something happened to a node of ours. */
type Told = (node: string, kind: FleetEvent['kind'], detail: string) => void;

/** Demands that come within this many ms become one job. */
const GATHER = 250;
/** Longest wait for a look at the queue, ms. */
const FRESH = 5000;
/** Seconds between two looks while somebody waits. */
const EAGER = 1;

interface Place {
  readonly gone: AbortController;
  readonly job: string;
  /** The job ran, and not to its end, when it was last looked at. */
  stands: boolean;
}

/** All jobs of one run. */
export class Holds {
  readonly #terms: HoldTerms;
  readonly #reader: NodeReader;
  readonly #told: Told;
  readonly #places = new Map<string, Place>();
  readonly #wanted = new Set<Wanted>();
  readonly #jobs = new Map<string, Job>();
  readonly #draining = new Set<string>();
  readonly #uses = new Map<string, { count: number; since: number }>();
  readonly #over = new AbortController();
  readonly #wake = new EventTarget();
  #loop: Promise<void> | undefined;
  readonly #demand: Demand;

  constructor(terms: HoldTerms, reader: NodeReader, told: Told, say: (message: string) => void) {
    this.#terms = terms;
    this.#reader = reader;
    this.#told = told;
    this.#demand = new Demand(terms, this.#wanted, this.#jobs, say);
  }

  /** Takes up a job that an earlier process of this run, or somebody for us, made. */
  adopt(job: QueuedJob): void {
    this.#jobs.set(job.id, { id: job.id, nodes: job.nodes, since: now(), ran: false });
    this.#see(job);
  }

  /** The job that holds a node now. */
  jobOf(node: string): string | undefined {
    return this.#places.get(node)?.job;
  }

  /** Whether a node's job goes on, as far as Slurm tells now; false also where there is none. */
  async stands(node: string): Promise<boolean> {
    this.#wake.dispatchEvent(new Event('now'));
    const fresh = new AbortController();
    const looked = () => fresh.abort();
    this.#wake.addEventListener('looked', looked, { once: true });
    await pause(FRESH, undefined, { signal: fresh.signal, ref: false }).catch(() => undefined);
    this.#wake.removeEventListener('looked', looked);
    return this.#places.get(node)?.stands ?? false;
  }

  /** Seconds since 1970 when the first of the jobs that run must end. */
  get end(): number | undefined {
    // Opportunistic: another job follows.
    if (this.#terms.opportunistic) return undefined;
    const ends = [...this.#jobs.values()].flatMap((job) => job.end ?? []);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /**
   * A job of ours that has this node; made when there is none.
   *
   * @throws {HarnessError} PROVIDER_GONE: Slurm has it out of service; PROVIDER_NO_CAPACITY: others kept
   * it for all of queue-wait; what sbatch says
   */
  acquire(node: string, signal: AbortSignal): Promise<Hold> {
    signal.throwIfAborted();
    const place = this.#places.get(node);
    if (place !== undefined) {
      this.#touch(node);
      return Promise.resolve({ job: place.job, gone: place.gone.signal });
    }
    if (this.#over.signal.aborted) return Promise.reject(gone(`${node}: the run has ended`));
    return new Promise((resolve, reject) => {
      const end = (call: () => void) => {
        signal.removeEventListener('abort', cancel);
        this.#wanted.delete(wanted);
        call();
      };
      const wanted: Wanted = {
        node,
        since: now(),
        resolve: (hold) => end(() => resolve(hold)),
        reject: (error) => end(() => reject(error)),
      };
      const cancel = () => end(() => reject(signal.reason as Error));
      signal.addEventListener('abort', cancel, { once: true });
      this.#wanted.add(wanted);
      this.#start();
    });
  }

  /** Keeps a node from going back while something runs there; call what it gives when that has ended. */
  use(node: string): () => void {
    const uses = this.#uses.get(node) ?? { count: 0, since: now() };
    uses.count += 1;
    this.#uses.set(node, uses);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      uses.count -= 1;
      uses.since = now();
    };
  }

  /** Ends all jobs that we made. @returns what could not be ended */
  async close(): Promise<readonly { id: string; reason: string }[]> {
    this.#over.abort();
    for (const wanted of this.#wanted) wanted.reject(gone(`${wanted.node}: the run has ended`));
    this.#wake.dispatchEvent(new Event('now'));
    await this.#loop?.catch(() => undefined);
    for (const place of this.#places.values()) place.gone.abort();
    this.#places.clear();
    if (this.#terms.within !== undefined) return [];
    return endAll(this.#terms.name);
  }

  #start(): void {
    this.#wake.dispatchEvent(new Event('now'));
    this.#loop ??= this.#run().finally(() => {
      this.#loop = undefined;
    });
  }

  async #run(): Promise<void> {
    await this.#sleep(GATHER);
    while (!this.#over.signal.aborted) {
      try {
        await this.#look();
        this.#wake.dispatchEvent(new Event('looked'));
      } catch (error) {
        if (this.#over.signal.aborted) return;
        if (!(error instanceof HarnessError)) throw error;
        // A controller that does not answer for minutes says nothing about the nodes.
        if (error.code !== 'PROVIDER_TRANSIENT') {
          for (const wanted of this.#wanted) wanted.reject(error);
        }
      }
      const eager = this.#wanted.size > 0;
      await this.#sleep(1000 * (eager ? Math.min(EAGER, this.#terms.poll) : this.#terms.poll));
    }
  }

  /** Wakes early when somebody new waits, after a moment for others to join. */
  async #sleep(ms: number): Promise<void> {
    const early = new AbortController();
    const wake = () => {
      setTimeout(() => early.abort(), this.#over.signal.aborted ? 0 : GATHER).unref();
    };
    this.#wake.addEventListener('now', wake);
    try {
      await pause(ms, undefined, { signal: early.signal });
    } catch {
      // Woken.
    } finally {
      this.#wake.removeEventListener('now', wake);
    }
  }

  async #look(): Promise<void> {
    const { within, name } = this.#terms;
    const { signal } = this.#over;
    const filter = within === undefined ? { name } : { job: within };
    const [jobs, nodes] = await Promise.all([
      ourJobs(filter, signal),
      this.#reader.read(undefined, signal),
    ]);
    const byId = new Map(jobs.map((job) => [job.id, job]));
    const byName = new Map(nodes.map((node) => [node.name, node]));
    for (const job of this.#jobs.values()) {
      const seen = byId.get(job.id);
      if (seen !== undefined) this.#see(seen);
      // A job submitted a moment ago may not be listed yet.
      else if (job.ran || now() - job.since > SOON) this.#ended(job, 'lost', 'is gone');
    }
    for (const [node, place] of this.#places) {
      const state = byName.get(node);
      if (state === undefined) continue;
      const why = lostWithin(state);
      if (why !== undefined) this.#lose(node, 'lost', why);
      else if (isDrained(state) !== this.#draining.has(node)) this.#drained(state);
      else if (this.#terms.opportunistic) this.#restUnused(place.job);
    }
    await this.#demand.serve(byName, signal);
  }

  /** Takes what squeue says of a job of ours. */
  #see(seen: QueuedJob): void {
    const job = this.#jobs.get(seen.id);
    if (job === undefined) return;
    const kind = /PREEMPT/u.test(`${seen.state} ${seen.reason}`) ? 'preempted' : 'lost';
    if (!isOpen(seen)) {
      this.#ended(job, kind, `ended: ${seen.state}`);
    } else if (seen.state === 'RUNNING') {
      job.ran = true;
      if (seen.end !== undefined) job.end = seen.end;
      const has = new Set(seen.nodes);
      for (const node of seen.nodes) this.#place(node, job.id);
      this.#stand(job.id, true);
      for (const [node, place] of this.#places) {
        if (place.job === job.id && !has.has(node)) {
          this.#lose(node, 'lost', `it is no longer in job ${job.id}`);
        }
      }
    } else if (job.ran && seen.state === 'PENDING') {
      // Requeued in spite of us: it is not the same trial any more.
      this.#ended(job, 'preempted', 'was requeued');
      cancelJobs([job.id]).catch(() => undefined);
    } else if (seen.state === 'PENDING') {
      this.#demand.waits(job, seen.reason);
    } else {
      // On its way to its end: why is told when it is there.
      this.#stand(job.id, false);
    }
  }

  #stand(job: string, stands: boolean): void {
    for (const place of this.#places.values()) if (place.job === job) place.stands = stands;
  }

  #place(node: string, job: string): void {
    if (this.#places.get(node)?.job === job) return;
    this.#places.get(node)?.gone.abort();
    const gone = new AbortController();
    this.#places.set(node, { job, gone, stands: true });
    this.#touch(node);
    for (const wanted of this.#wanted) {
      if (wanted.node === node) wanted.resolve({ job, gone: gone.signal });
    }
  }

  #touch(node: string): void {
    const uses = this.#uses.get(node);
    if (uses === undefined) this.#uses.set(node, { count: 0, since: now() });
    else uses.since = now();
  }

  #ended(job: Job, kind: 'lost' | 'preempted', how: string): void {
    this.#jobs.delete(job.id);
    for (const [node, place] of this.#places) {
      if (place.job === job.id) this.#lose(node, kind, `job ${job.id} ${how}`);
    }
  }

  #lose(node: string, kind: FleetEvent['kind'], detail: string): void {
    const place = this.#places.get(node);
    this.#places.delete(node);
    this.#draining.delete(node);
    // Told first: who hears of the broken connection next should know why.
    this.#told(node, kind, detail);
    place?.gone.abort();
  }

  #drained(node: SlurmNode): void {
    if (this.#draining.delete(node.name)) return;
    this.#draining.add(node.name);
    this.#told(node.name, 'draining', stateWords(node));
  }

  /** A job none of whose nodes has been used for a while ends: others wait for them. */
  #restUnused(id: string): void {
    const job = this.#jobs.get(id);
    const nodes = [...this.#places].filter(([, place]) => place.job === id);
    const wanted = nodes.some(([node]) => {
      const uses = this.#uses.get(node);
      return uses !== undefined && (uses.count > 0 || now() - uses.since < this.#terms.linger);
    });
    if (job === undefined || wanted) return;
    this.#jobs.delete(id);
    for (const [node, place] of nodes) {
      this.#places.delete(node);
      place.gone.abort();
    }
    cancelJobs([id]).catch(() => undefined);
  }
}
