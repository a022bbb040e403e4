/** Scale sets in a resource group of the run: a call is taken once, a set that lacks machines grows in its own group. */
import { HarnessError } from '../../plan/errors.ts';
import type { LaunchRequest, Machine, Provisioner } from '../cloud/model.ts';
import { requestToken, type Ownership } from '../cloud/ownership.ts';
import { anything, isGone, pauseBefore } from '../cloud/rest.ts';
import { begun, VERSION, type Arm, type Begun } from './client.ts';
import { lifeOf, listInstances, listSets, machinesOfSet } from './machines.ts';
import type { Place, Provision } from './options.ts';
import { armHoldings, groupOf } from './release.ts';
import { setBody } from './set-body.ts';
import { level, type ScaleSet, type Vm } from './shapes.ts';
import { callTags, hasTaken, isAt, marksOf, tagsOf } from './tags.ts';

/** What launching needs of the plan. */
export interface ArmPlan {
  readonly provision: Provision;
  readonly address: 'private' | 'public';
  /** The account that is made on the machines. */
  readonly account: string;
}

/** Seconds between two looks at a set that comes up: its lists have the tightest limit. */
const LIST_EVERY = 10;
/** Seconds in which what was made must show in the list. */
const LAG = 60;
const OPERATION = 'VirtualMachineScaleSets_CreateOrUpdate';

/** The provisioner of a plan. */
export function armProvisioner(arm: Arm, plan: ArmPlan): Provisioner {
  return new Sets(arm, plan).provisioner();
}

class Sets {
  readonly #arm: Arm;
  readonly #plan: ArmPlan;
  readonly #places: ReadonlyMap<string, Place>;
  /** Calls one after the other: two would grow the same set. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Set → what its last creation came to, while it is not known to have gone well. */
  readonly #under = new Map<string, Begun>();
  readonly #failed = new Map<string, HarnessError>();
  /** Sets that were seen with all that they were asked for. */
  readonly #whole = new Set<string>();
  /** Set → machines that were seen in it. */
  readonly #seen = new Map<string, Map<string, Machine>>();

  constructor(arm: Arm, plan: ArmPlan) {
    this.#arm = arm;
    this.#plan = plan;
    this.#places = new Map(plan.provision.places.map((place) => [nameOf(place), place]));
  }

  provisioner(): Provisioner {
    return {
      ...armHoldings(this.#arm, this.#plan.provision['resource-group']),
      places: [...this.#places.keys()],
      batch: this.#plan.provision['set-size'],
      launch: (request, signal) => {
        const mine = this.#turn.then(() => this.#launch(request, signal));
        this.#turn = mine.catch(() => undefined);
        return mine;
      },
      machines: (run, signal) => this.#machines(run, signal),
      placed: async (machines, signal) => {
        await this.#dropFailed(signal);
        return machines;
      },
    };
  }

  async #launch(request: LaunchRequest, signal: AbortSignal): Promise<readonly string[]> {
    const { place: name, token, marks, count, ordinal } = request;
    const place = this.#places.get(name);
    if (place === undefined) throw new TypeError(`${name} is no place of this plan`);
    await this.#ensureGroup(marks, place, signal);
    const sets = await this.#own(marks.run, signal);
    const taken = sets.find(({ tags }) => hasTaken(tags, token));
    if (taken !== undefined) return this.#arrival(taken.id, taken.sku?.capacity ?? count, signal);
    const grown = await this.#roomIn(sets, name, count, signal);
    const set =
      grown?.set.id ??
      `${this.#group(marks.run)}/providers/Microsoft.Compute/virtualMachineScaleSets/assay-${token.slice(0, 16)}`;
    const capacity = (grown?.live ?? 0) + count;
    const body = setBody(this.#plan.provision, place, {
      marks,
      tags: { ...grown?.set.tags, ...tagsOf(marks), ...callTags(name, ordinal, token) },
      publicKey: request.publicKey,
      capacity,
      prefix: `a${requestToken(8, set.split('/').at(-1) ?? '')}-`,
      account: this.#plan.account,
      address: this.#plan.address,
    });
    const answer = await this.#arm.call({
      operation: OPERATION,
      method: 'PUT',
      path: `${set}?api-version=${VERSION.compute}`,
      kind: 'set-put',
      where: name,
      body,
      signal,
      shape: anything,
    });
    this.#failed.delete(level(set));
    this.#under.set(level(set), begun(answer));
    return this.#arrival(set, capacity, signal);
  }

  /** Waits until the machines asked for are listed, or the operation has ended. */
  async #arrival(set: string, capacity: number, signal: AbortSignal): Promise<readonly string[]> {
    const key = level(set);
    let done: number | undefined;
    for (let turn = 0; ; turn += 1) {
      const progress = await this.#progress(key, signal);
      const vms = await listInstances(this.#arm, set, signal);
      const ids = vms.map(({ id }) => level(id));
      if (ids.length >= capacity) {
        this.#whole.add(key);
        return ids;
      }
      if (progress === 'ended') {
        const failure = this.#failed.get(key);
        if (failure !== undefined) throw failure;
        // Done, and the list lags behind.
        done ??= this.#arm.clock.now();
        if (this.#arm.clock.now() - done >= LAG * 1000) return ids;
      }
      await this.#arm.clock.sleep(
        Math.max(pauseBefore(turn, undefined), turn > 0 ? LIST_EVERY * 1000 : 0),
        signal,
      );
    }
  }

  /** How the creation of a set goes; a failure is kept for the machines that don't come. */
  async #progress(key: string, signal: AbortSignal): Promise<'running' | 'ended'> {
    const under = this.#under.get(key);
    if (under === undefined) return 'ended';
    try {
      const now = await this.#arm.progress(under, OPERATION, signal);
      if (now.state === 'running') return 'running';
      if (now.state === 'failed') this.#failed.set(key, now.error);
    } catch (error) {
      // The record of an operation ends before its resource does.
      if (!isGone(error)) throw error;
    }
    this.#under.delete(key);
    return 'ended';
  }

  /** A set at this place with room for more; what failed in it is deleted first. */
  async #roomIn(
    sets: readonly ScaleSet[],
    place: string,
    count: number,
    signal: AbortSignal,
  ): Promise<{ readonly set: ScaleSet; readonly live: number } | undefined> {
    const most = this.#plan.provision['set-size'];
    for (const set of sets.filter(({ tags }) => isAt(tags, place))) {
      // Not listed again for each call: thirty full sets would be.
      const whole = this.#whole.has(level(set.id)) && !this.#failed.has(level(set.id));
      if (whole && (set.sku?.capacity ?? 0) + count > most) continue;
      const vms = await listInstances(this.#arm, set.id, signal);
      const dead = vms.filter((vm) => lifeOf(vm).life === 'ended');
      const live = vms.length - dead.length;
      if (live + count > most) continue;
      await this.#deleteFailed(set.id, dead, signal);
      return { set, live };
    }
    return undefined;
  }

  /** Failed machines are paid for; and a later PUT counts them. */
  async #dropFailed(signal: AbortSignal): Promise<void> {
    for (const set of this.#seen.keys()) {
      const vms = await listInstances(this.#arm, set, signal);
      await this.#deleteFailed(
        set,
        vms.filter((vm) => lifeOf(vm).life === 'ended'),
        signal,
      );
    }
  }

  async #deleteFailed(set: string, dead: readonly Vm[], signal: AbortSignal): Promise<void> {
    const due = dead.filter(({ properties }) => properties.provisioningState !== 'Deleting');
    const instanceIds = due.flatMap(({ instanceId }) => instanceId ?? []);
    if (instanceIds.length === 0) return;
    try {
      const answer = await this.#arm.call({
        operation: 'VirtualMachineScaleSets_DeleteInstances',
        method: 'POST',
        path: `${set}/delete?forceDeletion=true&api-version=${VERSION.compute}`,
        kind: 'set-vm-delete',
        body: { instanceIds },
        signal,
        shape: anything,
      });
      await this.#arm.ended(begun(answer), 'VirtualMachineScaleSets_DeleteInstances', signal);
    } catch (error) {
      // They go with the group at the end.
      if (!(error instanceof HarnessError)) throw error;
    }
  }

  async #machines(run: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const sets = await this.#own(run, signal);
    const lists = await Promise.all(
      sets.map(async ({ id }) => {
        const key = level(id);
        await this.#progress(key, signal);
        const found = await machinesOfSet(this.#arm, id, this.#plan.address, signal);
        return this.#withReasons(key, found);
      }),
    );
    return lists.flat().sort(byAge);
  }

  /** Machines that were there and are not any more end with the reason of their set's operation. */
  #withReasons(set: string, found: readonly Machine[]): readonly Machine[] {
    const before = this.#seen.get(set) ?? new Map<string, Machine>();
    const failure = this.#failed.get(set);
    const why = failure === undefined ? undefined : whyOf(failure);
    const now = new Set(found.map(({ id }) => id));
    const vanished = why === undefined ? [] : [...before.values()].filter(({ id }) => !now.has(id));
    for (const machine of found) before.set(machine.id, machine);
    this.#seen.set(set, before);
    return [
      // A word of its own goes before that of the operation.
      ...found.map((one) =>
        one.life === 'ended' && one.why?.code === 'Failed' && why !== undefined
          ? { ...one, why }
          : one,
      ),
      ...vanished.map((one): Machine => ({
        ...one,
        life: 'ended',
        state: 'gone',
        ...(why && { why }),
      })),
    ];
  }

  async #own(run: string, signal: AbortSignal): Promise<readonly ScaleSet[]> {
    const group = this.#plan.provision['resource-group'] ?? groupOf(run);
    try {
      const sets = await listSets(this.#arm, group, signal);
      return sets.filter(({ tags }) => marksOf(tags)?.run === run);
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  }

  #group(run: string): string {
    return `${this.#arm.scope}/resourceGroups/${this.#plan.provision['resource-group'] ?? groupOf(run)}`;
  }

  /** Makes the run's own group; one that the plan names is there. */
  async #ensureGroup(marks: Ownership, { location }: Place, signal: AbortSignal): Promise<void> {
    if (this.#plan.provision['resource-group'] !== undefined) return;
    const [first] = this.#plan.provision.places;
    await this.#arm.call({
      operation: 'ResourceGroups_CreateOrUpdate',
      method: 'PUT',
      path: `${this.#group(marks.run)}?api-version=${VERSION.resources}`,
      // Its own place can't be changed later, and holds what is anywhere.
      body: { location: first?.location ?? location, tags: tagsOf(marks) },
      signal,
      shape: anything,
    });
  }
}

function whyOf(failure: HarnessError): Machine['why'] {
  const { reason, providerCode } = failure.details;
  return {
    reason: reason as NonNullable<Machine['why']>['reason'],
    code: String(providerCode),
    message: failure.message,
  };
}

/** A place in one word. */
export function nameOf(place: Place): string {
  const { location, zone, subnet } = place;
  const reserved = place['capacity-reservation-group'] ?? place['interconnect-block'];
  return [
    `${location}${zone === undefined ? '' : `-${zone}`}`,
    level(subnet)
      .split('/')
      .slice(-3)
      .filter((part) => part !== 'subnets')
      .join('.'),
    ...(reserved === undefined ? [] : [level(reserved).split('/').at(-1)]),
    ...(place.priority === 'spot' ? ['spot'] : []),
  ].join('/');
}

function byAge(a: Machine, b: Machine): number {
  return (a.since ?? 0) - (b.since ?? 0) || (a.id < b.id ? -1 : 1);
}
