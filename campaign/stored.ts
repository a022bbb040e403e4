/** What a run has on disk, round by round: for replay, and for resuming. Memory is one round. */
import type { Node } from '../runners/model.ts';
import { AttemptFold, type StoredAttempt } from './attempts.ts';
import type { StreamEntry } from './directory/model.ts';
import type { EvidenceReader } from './evidence/reader.ts';
import type { CampaignEvent } from './events.ts';
import type { Journalled } from './journal.ts';
import { AttemptReadings, compareStreams } from './readings.ts';
import type { Units } from './units.ts';
import type { Origin } from '../plan/model.ts';
import type { Case } from '../suites/model.ts';

/** Why a run ended, as its journal says last. */
export type StopReason = Extract<CampaignEvent, { event: 'stop' }>['reason'];

/** An attempt on disk, with its evidence. */
export interface AttemptOnDisk extends StoredAttempt {
  readonly entries: readonly StreamEntry[];
  /** The fleet could not be reached when it ended: a resumed run tries its trial afresh. */
  readonly reopened: boolean;
}

/** One round as far as it went. */
export interface StoredRound {
  readonly round: number;
  /** SHA-256 of the requests that it began with. */
  readonly requests: string;
  /** In trial-id order, attempts of a trial in order; those cut off have no outcome. */
  readonly attempts: readonly AttemptOnDisk[];
  /** Set in the last round when the run was stopped there and did not go on. */
  readonly stop?: StopReason;
}

/** Splits journal and evidence index into rounds; both are read once, in step. */
export async function* storedRounds(
  events: AsyncIterable<Journalled>,
  streams: AsyncIterable<StreamEntry>,
): AsyncGenerator<StoredRound> {
  const fold = new AttemptFold();
  const index = new IndexCursor(streams);
  let open:
    { round: number; requests: string; ended: StoredAttempt[]; reopened: number } | undefined;
  let stop: StopReason | undefined;
  const close = async (last: boolean): Promise<StoredRound | undefined> => {
    if (open === undefined) return undefined;
    const { round, requests, ended, reopened } = open;
    const attempts: AttemptOnDisk[] = [];
    for (const [at, stored] of ended.entries()) {
      const entries = await index.take(stored.attempt.id, stored.streams);
      attempts.push({ ...stored, entries, reopened: at < reopened });
    }
    const cut = last ? fold.cutOff() : fold.takeCutOff(round);
    for (const one of cut) attempts.push({ ...one, entries: [], reopened: false });
    attempts.sort(inOrder);
    return { round, requests, attempts, ...(last && stop !== undefined && { stop }) };
  };
  for await (const event of events) {
    const ended = fold.add(event);
    if (ended !== undefined) open?.ended.push(ended);
    if (event.event === 'run-start') stop = undefined;
    if (event.event === 'stop') {
      stop = event.reason;
      if (event.reason === 'unreachable' && open !== undefined) open.reopened = open.ended.length;
    }
    if (event.event === 'round') {
      const whole = await close(false);
      if (whole !== undefined) yield whole;
      const { round, requests } = event;
      open = { round, requests, ended: [], reopened: 0 };
    }
  }
  const rest = await close(true);
  if (rest !== undefined) yield rest;
}

/** Reads an attempt again from its evidence. @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH */
export async function rereadAttempt(
  stored: AttemptOnDisk,
  known: {
    readonly case: Case;
    readonly nodes: ReadonlyMap<string, Node>;
    readonly origin: Origin;
    readonly units: Units;
    readonly evidence: EvidenceReader;
  },
) {
  const { attempt, steps } = stored;
  const nodes = attempt.trial.nodes
    .map((id) => known.nodes.get(id))
    .filter((one) => one !== undefined);
  const context = {
    attempt: attempt.id,
    case: known.case,
    nodes,
    steps: steps.map(({ of, nodes: own }, index) => ({
      index,
      suite: of.suite,
      on: of.on,
      role: of.role,
      nodes: own ?? attempt.trial.nodes,
    })),
  };
  const readings = new AttemptReadings(context, known.units);
  for (const entry of [...stored.entries].sort(compareStreams)) {
    for await (const bytes of known.evidence.bytes(entry)) readings.bytes(entry, bytes);
    readings.endStream(entry);
  }
  return readings.end(attempt.exits, stored.entries, known.origin);
}

/** Trial-id order, attempts of a trial in order. */
function inOrder(a: StoredAttempt, b: StoredAttempt): number {
  const [left, right] = [a.attempt.trial.id, b.attempt.trial.id];
  if (left !== right) return left < right ? -1 : 1;
  return a.attempt.ordinal - b.attempt.ordinal;
}

/** The index, read as far as is needed: an attempt's entries are written before its end. */
class IndexCursor {
  readonly #streams: AsyncIterator<StreamEntry>;
  readonly #seen = new Map<string, StreamEntry[]>();

  constructor(streams: AsyncIterable<StreamEntry>) {
    this.#streams = streams[Symbol.asyncIterator]();
  }

  async take(attempt: string, count: number): Promise<readonly StreamEntry[]> {
    while ((this.#seen.get(attempt)?.length ?? 0) < count) {
      const { value, done } = await this.#streams.next();
      if (done === true) break;
      const entries = this.#seen.get(value.attempt);
      if (entries === undefined) this.#seen.set(value.attempt, [value]);
      else entries.push(value);
    }
    const entries = this.#seen.get(attempt) ?? [];
    this.#seen.delete(attempt);
    return entries;
  }
}
