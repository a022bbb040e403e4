/** Asking for N machines: intents first, places in order, counts from listing, late failures seen. */
import { HarnessError } from '../../plan/errors.ts';
import type { Clock } from './clock.ts';
import { erase, type Erased } from './erase.ts';
import type { Intents } from './intents.ts';
import type { LaunchRequest, Machine, Provisioner } from './model.ts';
import { requestToken, type Ownership } from './ownership.ts';
import { codeOf, mayAgain, mayElsewhere, providerError, reasonOf, type Reason } from './problem.ts';

/** How many, by when, and with what. */
export interface Order {
  readonly marks: Ownership;
  readonly publicKey: string;
  readonly count: number;
  /** Fewer than this are given back at once. */
  readonly minimum: number;
  /** Seconds from the answer until a machine must run. */
  readonly bootTime: number;
  /** Seconds for giving back. */
  readonly releaseTime: number;
  readonly clock: Clock;
}

/** A node's slot: a machine, or why there is none. */
export type Slot =
  | { readonly machine: Machine }
  | { readonly slot: string; readonly code: string; readonly reason: string };

/** Times that machines which failed after a success are asked for again. */
const AGAIN = 2;
/** Seconds in which what was answered must show in the list. */
const CONSISTENCY = 60;
const POLL = 2000;
const LONGEST_POLL = 15_000;

/**
 * Machines for every slot that can be had.
 *
 * @returns one entry a slot, as many as were ordered
 * @throws {HarnessError} PROVIDER_* when fewer than the minimum came or the provider refuses for good: all is
 * given back by then, or PROVIDER_RELEASE_FAILED names what was not
 */
export async function provision(
  provisioner: Provisioner,
  order: Order,
  intents: Intents,
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const ordering = new Ordering(provisioner, order, intents, signal);
  try {
    return await ordering.run();
  } catch (error) {
    throw await givenBack(provisioner, order, intents, error);
  }
}

class Ordering {
  readonly #provisioner: Provisioner;
  readonly #order: Order;
  readonly #intents: Intents;
  readonly #signal: AbortSignal;
  /** Why machines did not come, the newest last. */
  readonly #refusals: { reason: Reason; code: string; message: string }[] = [];
  /** Machines whose failure is on record. */
  readonly #told = new Set<string>();
  /** A machine failed after the provider had said yes. */
  #late = false;
  #ordinal = 0;

  constructor(provisioner: Provisioner, order: Order, intents: Intents, signal: AbortSignal) {
    this.#provisioner = provisioner;
    this.#order = order;
    this.#intents = intents;
    this.#signal = signal;
  }

  async run(): Promise<readonly Slot[]> {
    const { count, minimum } = this.#order;
    // What an earlier process sent and never heard of: sent again, it is the same call.
    for (const { token, count: many, place, ordinal } of this.#intents.unanswered()) {
      await this.#send({ token, count: many, place, ordinal }, false);
    }
    let running: readonly Machine[] = [];
    for (let round = 0; round <= AGAIN; round += 1) {
      await this.#fill();
      running = await this.#booted();
      if (running.length >= count || this.#refusals.length === 0) break;
      const last = this.#refusals.at(-1);
      // Only what failed after a success is worth asking for again: a refused place stays refused.
      if (last === undefined || !this.#late) break;
      this.#late = false;
    }
    const kept = running.slice(0, count);
    await this.#dropSurplus(running.slice(count));
    if (kept.length < minimum) throw this.#tooFew(kept.length);
    const machines = (await this.#provisioner.placed?.(kept, this.#signal)) ?? kept;
    const ids = Array.from({ length: count }, (_, at) => machines[at]?.id ?? '');
    await this.#intents.add({ act: 'slots', ids });
    return ids.map((_, at) => {
      const machine = machines[at];
      return machine === undefined ? this.#missing(at, machines.length) : { machine };
    });
  }

  /** Asks, place after place, until as many exist as are wanted or no place has more. */
  async #fill(): Promise<void> {
    const { places, batch } = this.#provisioner;
    const { count } = this.#order;
    let at = 0;
    let short = count - (await this.#existing()).length;
    while (short > 0) {
      const place = places[at];
      if (place === undefined) return;
      const asks: number[] = [];
      for (let left = short; left > 0; left -= batch) asks.push(Math.min(left, batch));
      const sent = await Promise.allSettled(
        asks.map(async (many) => {
          const ordinal = (this.#ordinal = Math.max(this.#ordinal + 1, this.#intents.next()));
          const { run } = this.#order.marks;
          const token = requestToken(40, run, this.#provisioner.provider, place, ordinal);
          return this.#send({ token, count: many, place, ordinal }, true);
        }),
      );
      // Only when none is under way any more: what is still being made can't be given back.
      const taken = sent.map((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
      if (taken.includes(false)) at += 1;
      const now = count - (await this.#existing()).length;
      // An answer without machines, and no word why: not asked for ever.
      if (now >= short && !taken.includes(false)) at += 1;
      short = now;
    }
  }

  /** @returns false: the place has no more */
  async #send(
    ask: Pick<LaunchRequest, 'token' | 'count' | 'place' | 'ordinal'>,
    record: boolean,
  ): Promise<boolean> {
    this.#signal.throwIfAborted();
    const { marks, publicKey } = this.#order;
    if (record) await this.#intents.add({ act: 'launch', ...ask });
    try {
      // Not cut short by the user: an answer that was not waited for is a machine nobody knows of.
      const never = new AbortController().signal;
      const ids = await this.#provisioner.launch({ ...ask, marks, publicKey }, never);
      await this.#intents.add({ act: 'answered', token: ask.token, ids: [...ids] });
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined || mayAgain(error)) throw error;
      const { message } = error as HarnessError;
      await this.#intents.add({ act: 'answered', token: ask.token, ids: [], refused: reason });
      this.#refusals.push({ reason, code: (error as HarnessError).code, message });
      if (reason !== 'gone' && !mayElsewhere(error)) throw error;
      return false;
    }
  }

  /** Machines that may be or become usable, by the list; what was answered is waited for to show. */
  async #existing(): Promise<readonly Machine[]> {
    const { clock, marks } = this.#order;
    const end = clock.now() + CONSISTENCY * 1000;
    for (let wait = 250; ; wait = Math.min(wait * 2, LONGEST_POLL)) {
      this.#signal.throwIfAborted();
      const machines = await this.#provisioner.machines(marks.run, this.#signal);
      const listed = new Set(machines.map(({ id }) => id));
      const waiting = this.#intents.ids().filter((id) => !listed.has(id));
      if (waiting.length === 0 || clock.now() >= end) {
        return machines.filter(({ life }) => life !== 'ended');
      }
      await clock.sleep(wait, this.#signal);
    }
  }

  /** Waits until each machine runs or has ended; those that end are told with the provider's reason. */
  async #booted(): Promise<readonly Machine[]> {
    const { clock, marks, bootTime } = this.#order;
    const end = clock.now() + bootTime * 1000;
    const known = new Set([
      ...(await this.#existing()).map(({ id }) => id),
      ...this.#intents.ids(),
    ]);
    for (let wait = POLL / 4; ; wait = Math.min(wait * 1.5, LONGEST_POLL)) {
      this.#signal.throwIfAborted();
      const machines = await this.#provisioner.machines(marks.run, this.#signal);
      const own = machines.filter(({ id }) => known.has(id));
      const late = clock.now() >= end;
      if (!late && own.some(({ life }) => life === 'starting')) {
        await clock.sleep(wait, this.#signal);
        continue;
      }
      for (const machine of own.filter(({ life }) => life !== 'running')) this.#failed(machine);
      const listed = new Set(own.map(({ id }) => id));
      for (const id of known) if (!listed.has(id)) this.#failed({ id });
      return own.filter(({ life }) => life === 'running');
    }
  }

  #failed(machine: Pick<Machine, 'id'> & Partial<Machine>): void {
    if (this.#told.has(machine.id)) return;
    this.#told.add(machine.id);
    this.#late = true;
    const { reason, code, message } = machine.why ?? {
      reason: 'transient' as const,
      code: machine.state ?? 'gone from the list',
      message: 'it never came to run',
    };
    const { message: words } = providerError(reason, {
      provider: this.#provisioner.provider,
      operation: `machine ${machine.id}`,
      code,
      message,
      ...(machine.where !== undefined && { where: machine.where }),
    });
    this.#refusals.push({ reason, code: codeOf(reason), message: words });
  }

  async #dropSurplus(machines: readonly Machine[]): Promise<void> {
    if (machines.length === 0) return;
    const ids = new Set(machines.map(({ id }) => id));
    const { marks } = this.#order;
    const { found } = await this.#provisioner.holdings({ runs: [marks.run] }, this.#signal);
    await this.#provisioner.remove(
      found.filter(({ id }) => ids.has(id)),
      this.#signal,
    );
  }

  #missing(at: number, delivered: number): Slot {
    const slot = `slot ${at + 1}`;
    // The first that is missing has the first reason; when there are more slots than reasons, the last.
    const why = this.#refusals[at - delivered] ?? this.#refusals.at(-1);
    if (why !== undefined) return { slot, code: why.code, reason: why.message };
    return { slot, code: 'PROVIDER_NO_CAPACITY', reason: 'the provider gave fewer than asked' };
  }

  #tooFew(delivered: number): HarnessError {
    const { count, minimum } = this.#order;
    const slots = Array.from({ length: count - delivered }, (_, at) =>
      this.#missing(delivered + at, delivered),
    );
    const reasons = slots.map((one) =>
      'reason' in one ? `${one.slot}: ${one.code}: ${one.reason}` : '',
    );
    const last = this.#refusals.at(-1);
    const message = `${delivered} of ${count} machines came, and the plan's minimum is ${minimum}`;
    const told = [...new Set(reasons.map((one) => one.replace(/^slot \d+: /u, '')))].slice(0, 3);
    return new HarnessError(
      codeOf(last?.reason ?? 'no-capacity'),
      `${message}: ${told.join('; ')}`,
      {
        hint: 'Lower fleet.minimum to judge a short delivery, or name another place.',
        details: {
          provider: this.#provisioner.provider,
          delivered,
          wanted: count,
          minimum,
          missing: reasons.join('\n'),
        },
      },
    );
  }
}

/** After a failure: everything of the run is deleted; what is left is named. @returns what to throw */
async function givenBack(
  provisioner: Provisioner,
  order: Order,
  intents: Intents,
  error: unknown,
): Promise<unknown> {
  if (!intents.begun()) return error;
  const { order: kinds, provider } = provisioner;
  const known = intents.ids().map((id) => ({
    id,
    kind: kinds[0] ?? 'machine',
    where: provider,
    marks: order.marks,
    state: 'asked for',
  }));
  const erased = await erase(
    provisioner,
    { runs: [order.marks.run] },
    {
      clock: order.clock,
      signal: new AbortController().signal,
      limit: order.releaseTime,
      known,
      settle: intents.unanswered().length > 0 ? CONSISTENCY / 2 : 0,
    },
  );
  if (erased.left.length === 0 && erased.blind.length === 0) {
    await intents.add({ act: 'released' });
    return error;
  }
  return releaseFailed(erased, error);
}

/** Names what could not be given back. */
export function releaseFailed({ left, blind }: Erased, cause?: unknown): HarnessError {
  const named = [
    ...left.map(({ resource, reason }) => `${resource.kind} ${resource.id}: ${reason}`),
    ...blind.map(({ where, reason }) => `could not look into ${where}: ${reason}`),
  ];
  const why = cause instanceof Error ? ` (after: ${cause.message})` : '';
  return new HarnessError(
    'PROVIDER_RELEASE_FAILED',
    `not given back: ${named.slice(0, 20).join('; ')}${why}`,
    {
      hint: 'They cost money: assay sweep PLAN --yes --run RUN, or delete them by these ids.',
      details: { left: left.length, blind: blind.length },
      ...(cause !== undefined && { cause }),
    },
  );
}
