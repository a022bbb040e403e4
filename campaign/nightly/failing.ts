/** Checks that fail in a night: wrong results, events, a part that is gone. A second run must fail too. */
import type { History } from '../history/store.ts';
import type { OpenAlarm } from './model.ts';

/** A machine that a night's run failed. */
export interface Failing {
  readonly serial: string;
  readonly reason: string;
}

/** Machines that failed in a run, by their serials. */
export async function failingIn(history: History, run: string): Promise<readonly Failing[]> {
  const rows = await history.database.all(
    "SELECT serial, reason FROM nodes WHERE run = $run AND verdict = 'fail' ORDER BY serial",
    { run },
  );
  return rows.map(({ serial, reason }) => ({
    serial: String(serial),
    reason: reason === null ? 'it failed' : String(reason),
  }));
}

/** Machines that were measured in a run and failed no check of it. */
export async function passingIn(history: History, run: string): Promise<ReadonlySet<string>> {
  const rows = await history.database.all(
    `SELECT serial FROM nodes WHERE run = $run AND verdict <> 'fail'
     AND serial IN (SELECT serial FROM points WHERE run = $run)`,
    { run },
  );
  return new Set(rows.map(({ serial }) => String(serial)));
}

/** Id of the alarm on a machine's failing checks. */
export function findingAlarm(serial: string): string {
  return `finding@${serial}`;
}

/** What is told of a machine that failed twice. */
export function failureTold(
  { serial, reason }: Failing,
  night: string,
  runs: readonly string[],
): OpenAlarm {
  return {
    id: findingAlarm(serial),
    kind: 'finding',
    metric: 'check',
    parameters: {},
    unit: '',
    scope: { kind: 'node', id: serial },
    serials: [serial],
    past: [{ serial, criterion: reason }],
    affected: 1,
    since: night,
    opened: night,
    fresh: runs.length,
    runs,
    rules: [],
    near: [],
    reason: `failed, and failed again in a fresh run: ${reason}`,
  };
}
