/**
 * One night: rotation, one run, detection, fresh runs for what was raised, and one commit of all that it came to.
 * What was measured is in the history before anything is made of it, so that a night that was cut off goes on
 * where it was.
 */
import { join } from 'node:path';
import { HarnessError } from '../../plan/errors.ts';
import type { Plan } from '../../plan/model.ts';
import { stream } from '../../plan/random.ts';
import type { Node } from '../../runners/model.ts';
import type { Metric } from '../../suites/model.ts';
import { readJson } from '../directory/json.ts';
import { lock } from '../directory/lock.ts';
import { manifestShape } from '../directory/shapes.ts';
import { deliverySlug } from '../history/delivery-file.ts';
import { eventBatch, nightsMade, readEvents } from '../history/events.ts';
import type { StoredEvent } from '../history/model.ts';
import { recordRun } from '../history/record.ts';
import type { History } from '../history/store.ts';
import type { CampaignResult } from '../setup.ts';
import { deliveryOf } from '../history/terms.ts';
import { chooseNodes, knownMachines, machineOf, type Chosen, type Known } from './choose.ts';
import { settleFailures } from './failing.ts';
import { resolve, type Resolved } from './fresh.ts';
import type { Changes, Measure, NightFile, NightProgress, OpenAlarm } from './model.ts';
import { alarmTold, openAlarms } from './open-alarms.ts';
import { Panels } from './panels.ts';
import { nightTold, type Told } from './told.ts';
import { trendsOf } from './trends.ts';

/** Suspects that detection names for rotation. */
const SUSPECTS = 32;
/** Suspicion of a machine with an open alarm: before all that detection leans to. */
const ALARMED = 2;

/** What a night is made from; bin composes it. */
export interface NightSetup<S> {
  readonly history: History;
  readonly plan: Plan;
  /** YYYY-MM-DD that it counts as. */
  readonly night: string;
  readonly every: number;
  readonly margin: number;
  readonly changes: Changes<S>;
  readonly measure: Measure;
  /** Names that are in use, of those asked for. */
  readonly busy: (names: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Nodes that the budget carries, of so many. */
  readonly capacity: (free: number) => number;
  /** Pairs are measured: their classes rotate too. */
  readonly pairs: boolean;
  /** Of the plan's suites. */
  readonly metrics: readonly Metric[];
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly progress: NightProgress;
  /** Queues what is to be told, under names of its own, before the commit. */
  readonly tell: (file: NightFile) => Promise<void>;
}

/**
 * Runs tonight's night, or goes on with it.
 *
 * @returns undefined: it was interrupted, and what was measured is kept
 * @throws {HarnessError} FLEET_UNREACHABLE and its like where there is no night; RUN_UNREADABLE while another
 * night runs, and for a date before the last night's
 */
export async function runNight<S>(setup: NightSetup<S>): Promise<NightFile | undefined> {
  const { history, plan } = setup;
  const unlock = await lock(join(history.root, `night-${deliverySlug(deliveryOf(plan))}.lock`), {
    what: 'a night of this delivery is under way',
    hint: 'Two nights never overlap: wait for it to end, or stop it.',
  });
  try {
    return await new NightRun(setup).run();
  } finally {
    await unlock();
  }
}

class NightRun<S> {
  readonly #setup: NightSetup<S>;
  readonly #delivery: string;
  readonly #freshRuns: string[] = [];
  #chosen: Chosen = { ids: [], busy: 0, fleet: 0 };
  #started = 0;
  #known: Known | undefined;

  constructor(setup: NightSetup<S>) {
    this.#setup = setup;
    this.#delivery = deliveryOf(setup.plan);
  }

  async run(): Promise<NightFile | undefined> {
    const { history, night, margin, changes, progress, plan } = this.#setup;
    this.#started = this.#setup.now().getTime();
    const last = (await nightsMade(history, this.#delivery)).at(-1);
    if (last !== undefined && last > night) throw clockBack(night, last);
    const panels = new Panels(history, changes, this.#delivery, margin);
    await panels.load();
    if (last === night) {
      progress(`the night of ${night} is in the history already: nothing is measured twice`);
      return this.#told(panels);
    }
    const before = await openAlarms(history, this.#delivery);
    const run = (await this.#measuredAlready()) ?? (await this.#measureNight(panels, before));
    if (run === undefined) return undefined;
    const raised = await panels.night(night);
    progress(`${raised.length} to look at again`);
    const { resolved } = await resolve(
      {
        history,
        changes,
        delivery: this.#delivery,
        measure: (serials, suites) => this.#again(serials, suites),
      },
      raised.map(({ panel, alarm, standing }) => ({ key: panel.key, alarm, standing })),
    );
    const settled = resolved.map((one, at) => {
      const panel = raised[at]?.panel;
      const told = panel && changes.settle(panel.state, one.alarm, one.confirmation);
      return { one, told };
    });
    const failures = await settleFailures(history, { run, night, before }, (serials) =>
      this.#again(serials, new Set()),
    );
    if (this.#setup.signal.aborted) return undefined;
    const opened = [
      ...settled
        .filter(({ told }) => told === 'opened')
        .map(({ one }) => alarmTold(one, night, plan.criteria)),
      ...failures.opened,
    ];
    const closedIds = new Set([
      ...settled.filter(({ told }) => told === 'closed').map(({ one }) => one.alarm.id),
      ...failures.closed,
    ]);
    const file = await nightTold(this.#setup, {
      run,
      freshRuns: this.#freshRuns,
      chosen: this.#chosen,
      started: this.#started,
      before,
      opened,
      closedIds,
      resolved,
      begun: panels.begun,
    });
    const shown = { ...file, ...(await this.#drawn(panels, file.open)) };
    await this.#setup.tell(shown);
    await this.#commit(file, resolved);
    await panels.store();
    return shown;
  }

  /** Tonight's night as it was told. */
  async #told(panels: Panels<S>): Promise<NightFile> {
    const { history, night } = this.#setup;
    const [event] = await readEvents(history, this.#delivery, ['night'], night);
    const file = event?.body['file'] as Told;
    return { ...file, ...(await this.#drawn(panels, file.open)) };
  }

  /** What is drawn follows from the history: nights' events would grow with the nights if they kept it. */
  async #drawn(panels: Panels<S>, open: readonly OpenAlarm[]) {
    const { history, metrics } = this.#setup;
    const trends = await trendsOf(history, this.#delivery, open, panels, this.#setup);
    return {
      trends,
      metrics: metrics.filter(({ id }) => trends.some(({ metric }) => metric === id)),
    };
  }

  /** A run of tonight that was measured before this process was cut off. */
  async #measuredAlready(): Promise<string | undefined> {
    const { history, night, progress } = this.#setup;
    const [row] = await history.database.all(
      "SELECT run FROM runs WHERE delivery = $delivery AND purpose = 'nightly' AND night = $night::DATE",
      { delivery: this.#delivery, night },
    );
    if (row === undefined) return undefined;
    progress(`run ${String(row['run'])} was measured tonight: going on from it`);
    return String(row['run']);
  }

  async #measureNight(
    panels: Panels<S>,
    before: readonly OpenAlarm[],
  ): Promise<string | undefined> {
    const { history, night, every, busy, capacity, pairs, measure } = this.#setup;
    const suspicion = new Map(panels.suspects(SUSPECTS));
    for (const { serials } of before) for (const one of serials) suspicion.set(one, ALARMED);
    const seed = seedOf(this.#setup.plan.seed, night, 0);
    const result = await measure({
      purpose: 'nightly',
      seed,
      choose: async (nodes) => {
        const inUse = await busy(nodes.map(({ name }) => name));
        const options = { night, every, seed, suspicion, busy: inUse, pairs, capacity };
        this.#chosen = await chooseNodes(history, this.#delivery, nodes, options);
        if (this.#chosen.ids.length === 0) throw noNode(this.#chosen);
        return this.#chosen.ids;
      },
    });
    if (!result.sealed) {
      if (this.#setup.signal.aborted) return undefined;
      throw new HarnessError('FLEET_UNREACHABLE', `the night's run ${result.id} was not sealed`, {
        hint: 'Its evidence is kept; the next night takes the same nodes first.',
      });
    }
    return this.#record(result.path);
  }

  /** One fresh run on the machines that are in doubt. */
  async #again(
    serials: ReadonlySet<string>,
    suites: ReadonlySet<string>,
  ): Promise<string | undefined> {
    const { measure, night, plan, signal, progress } = this.#setup;
    if (signal.aborted || serials.size === 0) return undefined;
    progress(`fresh run ${this.#freshRuns.length + 1} on ${serials.size} machines`);
    const what = {
      purpose: 'confirm' as const,
      seed: seedOf(plan.seed, night, this.#freshRuns.length + 1),
      ...(suites.size > 0 && { suites: [...suites] }),
      choose: (nodes: readonly Node[]) => this.#doubtful(nodes, serials),
    };
    let result: CampaignResult;
    try {
      result = await measure(what);
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== 'FLEET_UNREACHABLE') throw error;
      progress(`no fresh run: ${error.message}`);
      return undefined;
    }
    if (!result.sealed) return undefined;
    const run = await this.#record(result.path);
    this.#freshRuns.push(run);
    return run;
  }

  /** The machines in doubt that are there and not in use. */
  async #doubtful(
    nodes: readonly Node[],
    serials: ReadonlySet<string>,
  ): Promise<readonly string[]> {
    const { history, busy } = this.#setup;
    // Fresh runs meet nobody new: it is read once a night, not before each of them.
    const known = (this.#known ??= await knownMachines(history, this.#delivery));
    const own = nodes.filter((node) => {
      const machine = machineOf(node, known, history.catalogue.id);
      return machine !== undefined && serials.has(machine.serial);
    });
    const inUse = await busy(own.map(({ name }) => name));
    return own.filter(({ name }) => !inUse.has(name)).map(({ id }) => id);
  }

  async #record(path: string): Promise<string> {
    const manifest = await readJson(join(path, 'manifest.json'), 'manifest', 1, manifestShape);
    await recordRun(this.#setup.history, path, manifest, this.#setup.night);
    return manifest.run;
  }

  async #commit(file: Told, resolved: readonly Resolved[]): Promise<void> {
    const { history, night, now } = this.#setup;
    const at = now().toISOString();
    const event = (
      kind: StoredEvent['kind'],
      name: string,
      body: StoredEvent['body'],
    ): StoredEvent => ({ id: `${kind}:${night}:${name}`, at, night, kind, body });
    const settled = resolved.map(({ alarm, confirmation, standing }) => ({
      alarm: alarm.id,
      word: confirmation.word,
      loss: confirmation.loss,
      ...(standing && { passing: confirmation.passing }),
    }));
    const events = [
      event('night', '', { file, settled }),
      ...file.missed.map((day) => event('missed', day, { day })),
      ...file.opened.map((alarm) => event('alarm-opened', alarm.id, { ...alarm })),
      ...file.closed.map(({ alarm, by }) =>
        event('alarm-closed', alarm.id, { alarm: alarm.id, by }),
      ),
    ];
    const id = `night-${deliverySlug(this.#delivery)}-${night}`;
    await history.append([eventBatch(id, this.#delivery, night, events)]);
  }
}

/** Seed of a run: another each time, the same for the same night. */
function seedOf(seed: number, night: string, ordinal: number): number {
  return Math.floor(stream(seed, 'night', night, ordinal)() * 2 ** 31);
}

function clockBack(night: string, last: string): HarnessError {
  return new HarnessError(
    'RUN_UNREADABLE',
    `the night of ${night} is before the last one, ${last}`,
    {
      hint: 'The clock of this machine was set back, or --night names an old day: nothing was measured.',
    },
  );
}

function noNode({ fleet, busy }: Chosen): HarnessError {
  return new HarnessError('FLEET_UNREACHABLE', `no node is taken: ${busy} of ${fleet} are in use`, {
    hint: 'The budget carries none, or all are busy; the next night takes those that waited longest.',
  });
}
