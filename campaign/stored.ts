/** What is on disk of a run, event by event: rounds, and attempts with their evidence, in the order in which they ended. */
import type { Node } from '../runners/model.ts';
import type { Origin } from '../plan/model.ts';
import type { Attempt, Case, Outcome } from '../suites/model.ts';
import { AttemptFold, type StoredAttempt } from './attempts.ts';
import type { StreamEntry } from './directory/model.ts';
import type { CampaignEvent } from './events.ts';
import type { EvidenceReader } from './evidence/reader.ts';
import type { Journalled } from './journal.ts';
import { AttemptReadings, compareStreams, type ReadStep } from './readings.ts';
import type { Units } from './units.ts';

/** Why a run ended, as its journal says last. */
export type StopReason = Extract<CampaignEvent, { event: 'stop' }>['reason'];

/** An attempt on disk, with its evidence. */
export interface AttemptOnDisk extends StoredAttempt {
  readonly entries: readonly StreamEntry[];
}

/** What an event comes to. */
export type StoredItem =
  /** A round begins; `requests`: SHA-256 of what was asked for. */
  | { readonly is: 'round'; readonly round: number; readonly requests: string }
  | { readonly is: 'attempt'; readonly round: number; readonly stored: AttemptOnDisk }
  /** The run was stopped; undefined: it goes on. */
  | { readonly is: 'stop'; readonly reason: StopReason | undefined };

/** Reads journal and evidence index in step; memory is the attempts under way. */
export class StoredFold {
  readonly #fold = new AttemptFold();
  readonly #index: IndexCursor;
  #round: number | undefined;

  /** @param next the index's next entry; undefined: no more of it is written yet */
  constructor(next: () => Promise<StreamEntry | undefined>) {
    this.#index = new IndexCursor(next);
  }

  async add(event: Journalled): Promise<StoredItem | undefined> {
    const ended = this.#fold.add(event);
    if (event.event === 'run-start') return { is: 'stop', reason: undefined };
    if (event.event === 'stop') return { is: 'stop', reason: event.reason };
    if (event.event === 'round') {
      // What an earlier process left open in an earlier round never ends.
      if (this.#round !== undefined) this.#fold.takeCutOff(this.#round);
      const { round, requests } = event;
      this.#round = round;
      return { is: 'round', round, requests };
    }
    if (ended === undefined || this.#round === undefined) return undefined;
    const entries = await this.#index.take(ended.attempt.id, ended.streams);
    return { is: 'attempt', round: this.#round, stored: { ...ended, entries } };
  }
}

/** An attempt whose processes have ended, as its evidence is read. */
export interface ReadOrder {
  /** All but its outcome. */
  readonly attempt: Attempt;
  readonly steps: readonly ReadStep[];
  /** Its streams, on disk. */
  readonly entries: readonly StreamEntry[];
  /** Where it was measured nothing lays that aside any more: it will be in the journal in its turn. */
  readonly settles: boolean;
}

/** What an order comes to. */
export interface ReadOutcome {
  readonly outcome: Outcome;
  /** It counts as measured from now on, whatever comes before the journal tells of it. */
  readonly settled: boolean;
}

/** What an attempt's evidence says. */
export type Read = ReturnType<AttemptReadings['end']>;

/** The order to read an attempt that the journal tells of. */
export function orderOf({ attempt, steps, entries }: AttemptOnDisk): ReadOrder {
  return {
    attempt,
    steps: steps.map(({ of, nodes: own }, index) => ({
      index,
      suite: of.suite,
      on: of.on,
      role: of.role,
      nodes: own ?? attempt.trial.nodes,
    })),
    entries,
    settles: false,
  };
}

/** Reads an attempt from its evidence. @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH */
export function readAttempt(
  order: ReadOrder,
  known: {
    readonly case: Case;
    readonly nodes: ReadonlyMap<string, Node>;
    readonly origin: Origin;
    readonly units: Units;
    readonly evidence: EvidenceReader;
  },
): Read {
  const { attempt, steps, entries } = order;
  const nodes = attempt.trial.nodes
    .map((id) => known.nodes.get(id))
    .filter((one) => one !== undefined);
  const context = { attempt: attempt.id, case: known.case, nodes, steps };
  const readings = new AttemptReadings(context, known.units);
  for (const entry of [...entries].sort(compareStreams)) {
    for (const bytes of known.evidence.bytes(entry)) readings.bytes(entry, bytes);
    readings.endStream(entry);
  }
  return readings.end(attempt.exits, entries, known.origin);
}

/** The index, read as far as is needed: an attempt's entries are written before its end. */
class IndexCursor {
  readonly #next: () => Promise<StreamEntry | undefined>;
  readonly #seen = new Map<string, StreamEntry[]>();

  constructor(next: () => Promise<StreamEntry | undefined>) {
    this.#next = next;
  }

  async take(attempt: string, count: number): Promise<readonly StreamEntry[]> {
    while ((this.#seen.get(attempt)?.length ?? 0) < count) {
      const entry = await this.#next();
      if (entry === undefined) break;
      const entries = this.#seen.get(entry.attempt);
      if (entries === undefined) this.#seen.set(entry.attempt, [entry]);
      else entries.push(entry);
    }
    const entries = this.#seen.get(attempt) ?? [];
    this.#seen.delete(attempt);
    return entries;
  }
}
