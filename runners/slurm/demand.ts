/** Nodes that somebody waits for: a job is made for them together, or they are told why not. */
import { HarnessError } from '../../plan/errors.ts';
import { printable } from '../session/printable.ts';
import { type JobTerms, submit } from './batch.ts';
import { gresFor } from './gres.ts';
import { isIdle, stateWords, unusable } from './node-states.ts';
import type { SlurmNode } from './node-table.ts';
import { cancelJobs } from './queue.ts';

/** A node in a job of ours. */
export interface Hold {
  readonly job: string;
  /** Aborted when the node is no longer ours there. */
  readonly gone: AbortSignal;
}

/** Somebody waits for a node; times are seconds of one clock. */
export interface Wanted {
  readonly node: string;
  readonly since: number;
  resolve(hold: Hold): void;
  reject(error: HarnessError): void;
}

/** A job of ours that has not ended. */
export interface Job {
  readonly id: string;
  /** Asked for. */
  readonly nodes: readonly string[];
  readonly since: number;
  /** It has been seen running. */
  ran: boolean;
  /** Seconds since 1970 when Slurm ends it. */
  end?: number;
}

/** What jobs are made by. */
export interface DemandTerms extends JobTerms {
  /** A job that is there and is not ours to end; nodes outside it can't be had. */
  readonly within?: string | undefined;
  /** Only nodes that nobody uses are asked for, and unused ones go back. */
  readonly opportunistic: boolean;
  /** Seconds that a job may stay pending. */
  readonly queueWait: number;
}

/** Seconds that a job for nodes seen idle may wait before they are left to others. */
export const SOON = 60;

/** Slurm's words for a job that will never start as it is. */
const NEVER =
  /^(?:PartitionTimeLimit|PartitionNodeLimit|PartitionDown|InvalidAccount|InvalidQOS|BadConstraints|AccountNotAllowed|QOSNotAllowed|ReservationDeleted|\w*MaxWall\w*|\w*MaxNode\w*|Job\w*Held\w*)$/iu;

/** The demand for nodes and the jobs that are to meet it. */
export class Demand {
  readonly #terms: DemandTerms;
  readonly #wanted: Set<Wanted>;
  readonly #jobs: Map<string, Job>;
  readonly #say: (message: string) => void;
  /** Why the last job of ours waits, in Slurm's word. */
  #reason = '';
  /** What was last said of nodes that others use. */
  #waiting = '';

  constructor(
    terms: DemandTerms,
    wanted: Set<Wanted>,
    jobs: Map<string, Job>,
    say: (message: string) => void,
  ) {
    this.#terms = terms;
    this.#wanted = wanted;
    this.#jobs = jobs;
    this.#say = say;
  }

  /** A job of ours is pending: the user sees why, and one that can't ever start is given up. */
  waits(job: Job, reason: string): void {
    if (reason !== this.#reason && reason !== 'None' && reason !== '') {
      this.#reason = reason;
      this.#say(
        `Slurm job ${job.id} for ${job.nodes.length} nodes is pending: ${printable(reason)}`,
      );
    }
    if (!NEVER.test(reason)) return;
    this.#jobs.delete(job.id);
    cancelJobs([job.id]).catch(() => undefined);
    const error = new HarnessError('PROVIDER_INVALID', `job ${job.id} can't start: ${reason}`, {
      hint: 'Set time-limit, account, qos or partition in the fleet block so that Slurm lets it start.',
    });
    for (const wanted of this.#wanted) {
      if (job.nodes.includes(wanted.node)) wanted.reject(error);
    }
  }

  /** Makes a job for those who wait and can be served, tells those who can't. */
  async serve(byName: ReadonlyMap<string, SlurmNode>, signal: AbortSignal): Promise<void> {
    await this.#giveUp(byName);
    const asked = new Set([...this.#jobs.values()].flatMap((job) => (job.ran ? [] : job.nodes)));
    const chosen = new Map<string, SlurmNode>();
    const busy: string[] = [];
    for (const wanted of this.#wanted) {
      if (asked.has(wanted.node)) continue;
      const node = byName.get(wanted.node);
      const refused = this.#refusal(wanted, node);
      if (refused !== undefined) wanted.reject(refused);
      else if (node !== undefined && this.#canAsk(wanted, node)) chosen.set(node.name, node);
      else busy.push(wanted.node);
    }
    this.#tellBusy([...new Set(busy)]);
    const nodes = [...chosen.keys()].sort();
    if (nodes.length === 0 || signal.aborted) return;
    const gres = gresFor([...chosen.values()].map((node) => node.gres));
    const id = await submit(this.#terms, nodes, gres);
    this.#jobs.set(id, { id, nodes, since: now(), ran: false });
  }

  #tellBusy(nodes: readonly string[]): void {
    const shown = nodes.slice(0, 3).map(printable).join(', ');
    const message =
      nodes.length === 0 ? '' : `waiting for ${nodes.length} nodes in use by others: ${shown}`;
    if (message !== '' && message !== this.#waiting) this.#say(message);
    this.#waiting = message;
  }

  /** Why a node is not waited for any longer; undefined: it is. */
  #refusal(wanted: Wanted, node: SlurmNode | undefined): HarnessError | undefined {
    const { within, queueWait } = this.#terms;
    if (within !== undefined) return gone(`${wanted.node}: not in job ${within}`);
    const bad = node === undefined ? 'Slurm does not know it' : unusable(node, this.#reserved);
    if (bad !== undefined) return gone(`${wanted.node}: ${bad}`);
    const waited = now() - wanted.since;
    const idle = node !== undefined && isIdle(node, this.#reserved);
    if (node === undefined || waited < queueWait + (idle ? 2 * SOON : 0)) return undefined;
    const why = this.#reason === '' ? '' : `; our job was pending: ${printable(this.#reason)}`;
    const message = `${node.name}: not to be had for ${Math.round(waited)} s (${stateWords(node)}${why})`;
    return new HarnessError('PROVIDER_NO_CAPACITY', message, {
      hint: 'Wait longer (queue-wait), use a reservation, or come back: assay resume.',
    });
  }

  #canAsk(wanted: Wanted, node: SlurmNode): boolean {
    const { opportunistic, queueWait } = this.#terms;
    if (isIdle(node, this.#reserved)) return true;
    // The job waits in the queue in its place; past that, only what is free is taken.
    return !opportunistic && now() - wanted.since < queueWait;
  }

  /** Cancels a job that waits in vain: a node of it went out of service, or its time to wait is over. */
  async #giveUp(byName: ReadonlyMap<string, SlurmNode>): Promise<void> {
    const { opportunistic, queueWait } = this.#terms;
    for (const job of [...this.#jobs.values()].filter((one) => !one.ran)) {
      const out = job.nodes.some((name) => {
        const node = byName.get(name);
        return node === undefined || unusable(node, this.#reserved) !== undefined;
      });
      const late = [...this.#wanted].some(
        ({ node, since }) => job.nodes.includes(node) && job.since - since >= queueWait,
      );
      if (!out && now() - job.since < (opportunistic || late ? SOON : queueWait)) continue;
      this.#jobs.delete(job.id);
      await cancelJobs([job.id]);
    }
  }

  get #reserved(): boolean {
    return this.#terms.reservation !== undefined;
  }
}

/** A node that is out of service, or out of our reach there. */
export function gone(message: string): HarnessError {
  return new HarnessError('PROVIDER_GONE', message, {
    hint: 'Look at it with scontrol show node; then assay resume.',
  });
}

/** Seconds of the clock that waits are counted in. */
export function now(): number {
  return performance.now() / 1000;
}
