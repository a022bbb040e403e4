/** Checks that fail in a night: wrong results, events, a part that is gone. A second run must fail too. */
import type { History } from '../history/store.ts';
import type { OpenAlarm } from './model.ts';

/** A machine that a night's run failed. */
interface Failing {
  readonly serial: string;
  readonly reason: string;
}

/** Machines that failed in a run, by their serials. */
async function failingIn(history: History, run: string): Promise<readonly Failing[]> {
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
async function passingIn(history: History, run: string): Promise<ReadonlySet<string>> {
  const rows = await history.database.all(
    `SELECT serial FROM nodes WHERE run = $run AND verdict <> 'fail'
     AND serial IN (SELECT serial FROM points WHERE run = $run)`,
    { run },
  );
  return new Set(rows.map(({ serial }) => String(serial)));
}

/** Id of the alarm on a machine's failing checks. */
function findingAlarm(serial: string): string {
  return `finding@${serial}`;
}

/** What is told of a machine that failed twice. */
function failureTold(
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

/**
 * Failing checks of a night's run: told where a fresh run fails too, closed where tonight's passes.
 *
 * @param again runs these machines once more; undefined: nothing more can be run tonight
 */
export async function settleFailures(
  history: History,
  {
    run,
    night,
    before,
  }: { readonly run: string; readonly night: string; readonly before: readonly OpenAlarm[] },
  again: (serials: ReadonlySet<string>) => Promise<string | undefined>,
): Promise<{ readonly opened: readonly OpenAlarm[]; readonly closed: readonly string[] }> {
  const open = new Set(before.filter(({ kind }) => kind === 'finding').map(({ id }) => id));
  const failing = await failingIn(history, run);
  const fresh = failing.filter(({ serial }) => !open.has(findingAlarm(serial)));
  const confirmed: OpenAlarm[] = [];
  if (fresh.length > 0) {
    const second = await again(new Set(fresh.map(({ serial }) => serial)));
    const still = second === undefined ? [] : await failingIn(history, second);
    const runs = [run, ...(second === undefined ? [] : [second])];
    for (const one of fresh) {
      if (still.some(({ serial }) => serial === one.serial)) {
        confirmed.push(failureTold(one, night, runs));
      }
    }
  }
  const passed = await passingIn(history, run);
  const closed = [...open].filter((id) => passed.has(id.slice('finding@'.length)));
  return { opened: confirmed, closed };
}
