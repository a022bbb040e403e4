/** The panels of a delivery and their state: loaded, or computed again from the history, which alone counts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import { matches } from '../../plan/subject.ts';
import { canonical } from '../directory/canonical.ts';
import { writeAtomic } from '../directory/disk.ts';
import { deliverySlug } from '../history/delivery-file.ts';
import { declaredChanges, nightsMade } from '../history/events.ts';
import type { DeclaredChange } from '../history/model.ts';
import {
  acceptedRepeatability,
  keyOf,
  machinesOf,
  panelKeys,
  valuesOf,
  type PanelKey,
  type PanelValue,
  type SeenMachine,
} from '../history/panel-rows.ts';
import type { History } from '../history/store.ts';
import type { Begun, Declared, Part, SeriesSubject } from '../../verdicts/changes/model.ts';
import { closedByPeople, confirmationOf, settledNights } from './made-nights.ts';
import type { Changes } from './model.ts';

/** Version of the state's file: another is computed again. */
const STATE = 'assay/nights/2';
/** Nights of the fleet's median that are kept, to be drawn. */
export const NIGHTS = 180;

/** One panel with the state of all nights so far. */
export interface OpenPanel<S> {
  readonly key: PanelKey;
  readonly state: S;
  /** The fleet's median night by night, oldest first. */
  readonly nights: FleetNight[];
}

/** The fleet's median of a night. */
interface FleetNight {
  readonly date: string;
  readonly value: number;
}

/** What the history knows of a delivery beside its nights' values, as of one commit. */
interface Facts {
  readonly generation: number;
  readonly declared: readonly Declared[];
  readonly machines: ReadonlyMap<string, SeenMachine>;
  readonly repeatability: Awaited<ReturnType<typeof acceptedRepeatability>>;
  readonly accepted: Awaited<ReturnType<typeof valuesOf>>;
}

/** State of a delivery's panels after some night. */
export class Panels<S> {
  readonly #history: History;
  readonly #changes: Changes<S>;
  readonly #delivery: string;
  readonly #margin: number;
  readonly #open = new Map<string, OpenPanel<S>>();
  #facts: Facts | undefined;
  #begun = new Map<string, Begun>();
  /** The last night that is in them. */
  last: string | undefined;

  constructor(history: History, changes: Changes<S>, delivery: string, margin: number) {
    this.#history = history;
    this.#changes = changes;
    this.#delivery = delivery;
    this.#margin = margin;
  }

  get all(): Iterable<OpenPanel<S>> {
    return this.#open.values();
  }

  /** Declared changes that took effect on the last night, over all panels. */
  get begun(): readonly Begun[] {
    return [...this.#begun.values()];
  }

  /** Brings them up to the last night of the history: from their file where it is of that night, else night by night. */
  async load(): Promise<void> {
    const wanted = (await nightsMade(this.#history, this.#delivery)).at(-1);
    if (wanted === undefined) return;
    if (await this.#fromFile(wanted)) {
      // What people closed since: the file is of the night's end.
      const since = await closedByPeople(this.#history, this.#delivery);
      for (const { night, alarm, accept } of since) if (night >= wanted) this.close(alarm, accept);
      return;
    }
    const nights = await settledNights(this.#history, this.#delivery);
    for (const night of nights) {
      const raised = await this.night(night.night);
      for (const { panel, alarm } of raised) {
        const settled = night.settled.find((one) => one.alarm === alarm.id);
        if (settled === undefined) continue;
        this.#changes.settle(panel.state, alarm, confirmationOf(settled));
      }
      for (const closed of night.closed) this.close(closed.alarm, closed.accept);
    }
  }

  /**
   * Takes a night's values into the panels.
   *
   * @returns alarms raised and standing, each with its panel
   */
  async night(date: string) {
    const values = await valuesOf(this.#history, this.#delivery, { night: date });
    const keys = await panelKeys(this.#history, this.#delivery, date);
    const facts = await this.#known();
    this.#grow(keys, values, facts);
    const found = [];
    this.#begun = new Map();
    for (const panel of this.#open.values()) {
      const own = values.get(keyOf(panel.key)) ?? [];
      const middle = medianOf(own.map(({ value }) => value));
      if (middle !== undefined) panel.nights.push({ date, value: middle });
      if (panel.nights.length > NIGHTS) panel.nights.shift();
      const result = this.#changes.night(panel.state, {
        date,
        values: new Map(own.map(({ subject, value }) => [subject, value])),
        declared: facts.declared,
      });
      for (const one of result.begun) this.#add(one);
      for (const alarm of result.raised) found.push({ panel, alarm, standing: false });
      for (const alarm of result.standing) found.push({ panel, alarm, standing: true });
    }
    this.last = date;
    return found;
  }

  #add({ change, series, unheld }: Begun): void {
    const { series: before = 0, unheld: unheldBefore = 0 } = this.#begun.get(change.id) ?? {};
    const sum = { change, series: before + series, unheld: unheldBefore + unheld };
    this.#begun.set(change.id, sum);
  }

  /** The fleet's medians of each panel, with the level that was accepted where it is known. */
  async fleets() {
    const { accepted } = await this.#known();
    return [...this.#open]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { key, nights }]) => {
        const level = medianOf(accepted.get(name)?.map(({ value }) => value) ?? []);
        return { key, nights, ...(level !== undefined && { accepted: level }) };
      });
  }

  /** A person closed an alarm. */
  close(alarm: string, accept: boolean): void {
    for (const { state } of this.#open.values()) this.#changes.close(state, alarm, accept);
  }

  /** Serials that detection would see first, and how far each leans: 1 at most. */
  suspects(count: number): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const { state } of this.#open.values()) {
      const ranked = this.#changes.suspects(state, count);
      for (const [rank, subject] of ranked.entries()) {
        for (const serial of serialsOf(subject)) {
          found.set(serial, Math.max(found.get(serial) ?? 0, 1 - rank / count));
        }
      }
    }
    return found;
  }

  /** Writes the state beside the history: a cache, that may be deleted. */
  async store(): Promise<void> {
    const lines = [{ schema: STATE, last: this.last, margin: this.#margin }].map((one) =>
      canonical(one),
    );
    for (const { key, state, nights } of this.#open.values()) {
      lines.push(JSON.stringify({ key, nights, state: this.#changes.store(state) }));
    }
    await writeAtomic(this.#file(), `${lines.join('\n')}\n`);
  }

  #file(): string {
    return join(this.#history.root, `state-${deliverySlug(this.#delivery)}.ndjson`);
  }

  async #fromFile(wanted: string): Promise<boolean> {
    const text = await textOf(this.#file());
    const [head = '', ...lines] = (text ?? '').split('\n').filter((line) => line !== '');
    try {
      const { schema, last, margin } = JSON.parse(head === '' ? '{}' : head) as Record<
        string,
        unknown
      >;
      if (schema !== STATE || last !== wanted || margin !== this.#margin) return false;
      for (const line of lines) {
        const { key, state, nights } = JSON.parse(line) as OpenPanel<object>;
        this.#open.set(keyOf(key), { key, nights, state: this.#changes.load(state) });
      }
    } catch {
      // Whatever it holds, the history has it all.
      this.#open.clear();
      return false;
    }
    this.last = wanted;
    return true;
  }

  /** What no single night says: read once a commit, however many nights are taken in. */
  async #known(): Promise<Facts> {
    const [history, delivery] = [this.#history, this.#delivery];
    const { generation } = history.catalogue;
    if (this.#facts?.generation === generation) return this.#facts;
    const machines = await machinesOf(history, delivery);
    this.#facts = {
      generation,
      declared: (await declaredChanges(history, delivery)).map(declaredOf),
      machines: new Map(machines.map((one) => [one.serial, one] as const)),
      repeatability: await acceptedRepeatability(history, delivery),
      accepted: await valuesOf(history, delivery, { accepted: true }),
    };
    return this.#facts;
  }

  /** New panels, and new subjects in those that are open. */
  #grow(
    keys: readonly PanelKey[],
    values: ReadonlyMap<string, readonly PanelValue[]>,
    { machines, repeatability, accepted }: Facts,
  ): void {
    for (const key of keys) {
      const name = keyOf(key);
      const own = values.get(name) ?? [];
      if (own.length === 0) continue;
      const levels = new Map(accepted.get(name)?.map((one) => [one.subject, one]));
      const subjects = own.map(({ subject }) =>
        seriesSubject(key, subject, machines, levels.get(subject)),
      );
      const open = this.#open.get(name);
      if (open !== undefined) this.#changes.add(open.state, subjects);
      else {
        const { metric, parameters, better } = key;
        const about = { delivery: this.#delivery, metric, parameters, better };
        const own = repeatability.find(
          (one) => one.metric === metric && matches(one.parameters, parameters),
        );
        const panel = {
          ...about,
          subjects,
          margin: this.#margin,
          ...(own && { repeatability: { sigma: own.sigma, degrees: own.degrees } }),
        };
        this.#open.set(name, { key, nights: [], state: this.#changes.start(panel) });
      }
    }
  }
}

/** Machines that a stable subject stands on. */
export function serialsOf(subject: string): readonly string[] {
  const ends = subject.replace(/#\d+$/u, '').split('~');
  return ends.map((end) => (end.includes('/') ? end.slice(0, end.indexOf('/')) : end));
}

function seriesSubject(
  key: PanelKey,
  subject: string,
  machines: ReadonlyMap<string, SeenMachine>,
  accepted: PanelValue | undefined,
): SeriesSubject {
  const serials = serialsOf(subject);
  const parts = new Map<string, Part>();
  for (const serial of serials) {
    const { rack, leaf } = machines.get(serial) ?? {};
    if (rack !== undefined) parts.set(`rack ${rack}`, { kind: 'rack', id: rack });
    if (leaf !== undefined) parts.set(`leaf ${leaf}`, { kind: 'leaf', id: leaf });
    if (key.kind !== 'node') parts.set(`node ${serial}`, { kind: 'node', id: serial });
  }
  return {
    id: subject,
    kind: key.kind,
    parts: [...parts.values()],
    ...(accepted && { accepted: { value: accepted.value, trials: accepted.n } }),
  };
}

/** A declared change as detection takes it. */
export function declaredOf(change: DeclaredChange & { readonly id: string }): Declared {
  const { id, from, what, serials, renews } = change;
  return {
    id,
    date: from,
    what: `${what} ${change.change}`,
    ...(serials && {
      parts: serials.map((serial): Part => ({ kind: 'node', id: serial })),
      subjects: serials,
    }),
    ...(renews === true && { renews: true }),
  };
}

/** The mean of the two in the middle where there are two; undefined: of none. */
function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
