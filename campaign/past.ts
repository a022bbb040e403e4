/** What earlier processes of a run left in its journal: read before the fleet is opened. */
import { subjectKey } from '../plan/subject.ts';
import type { Finding } from '../verdicts/model.ts';
import type { CampaignEvent } from './events.ts';
import { readJournal } from './journal.ts';

export interface Past {
  /** Nothing was there. */
  readonly first: boolean;
  readonly fleet?: Extract<CampaignEvent, { event: 'fleet' }>;
  /** Of provider calls, oldest first. */
  readonly intents: readonly Readonly<Record<string, unknown>>[];
  /** Attempts begun. */
  readonly attempts: number;
  /** Ids of programs that the journal has. */
  readonly programs: ReadonlySet<string>;
  /** Seconds for which the fleet was held. */
  readonly held: number;
  /** Whether this finding was told before. */
  told(finding: Finding): boolean;
}

/** @throws {HarnessError} RUN_UNREADABLE with the line */
export async function readPast(journal: string): Promise<Past> {
  const intents: Readonly<Record<string, unknown>>[] = [];
  const programs = new Set<string>();
  const told = new Set<string>();
  let fleet: Past['fleet'];
  let first = true;
  let attempts = 0;
  let held = 0;
  let since: number | undefined;
  let last = 0;
  for await (const event of readJournal(journal)) {
    // A killed process held the fleet until its last line, as far as we know.
    const ended = event.event === 'run-start' ? last : Date.parse(event.at);
    last = Date.parse(event.at);
    if (event.event === 'run-start') first = false;
    if (event.event === 'intent') intents.push(event.record);
    if (event.event === 'fleet') fleet ??= event;
    if (event.event === 'program') programs.add(event.id);
    if (event.event === 'trial-start') {
      attempts += 1;
      since ??= last;
    }
    if (event.event === 'finding') told.add(key(event.finding));
    if (event.event === 'release' || event.event === 'run-start') {
      held += since === undefined ? 0 : (ended - since) / 1000;
      since = undefined;
    }
  }
  held += since === undefined ? 0 : (last - since) / 1000;
  return {
    first,
    ...(fleet && { fleet }),
    intents,
    attempts,
    programs,
    held,
    told: (finding) => told.has(key(finding)),
  };
}

function key(finding: Finding): string {
  return `${finding.criterion} ${subjectKey(finding.subject)}`;
}
