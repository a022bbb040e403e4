/** Attempts counted by case; those that measured nothing are kept whole. */
import type { RunReader } from '../../campaign/directory/model.ts';
import { Growing } from '../growing.ts';
import type { CaseTally, LostAttempt } from './model.ts';

/** Counts every attempt of a run, in the order in which the run gives them. */
export async function tallyAttempts(run: RunReader) {
  const tallies = new Map<string, CaseTally>(
    run.fleet.cases.map(({ id, suite, expected }) => [id, emptyTally(id, suite, expected)]),
  );
  const lost: LostAttempt[] = [];
  const attempts = { measured: 0, failed: 0, cut: 0 };
  let nodeSeconds = 0;
  for await (const attempt of run.attempts()) {
    const id = attempt.trial.case;
    const tally = tallies.get(id) ?? emptyTally(id, '', 0);
    tallies.set(id, tally);
    const { seconds } = attempt;
    tally.seconds.push(seconds);
    nodeSeconds += seconds * attempt.trial.nodes.length;
    const { outcome } = attempt;
    const how =
      outcome === undefined ? 'cut' : outcome.status === 'measured' ? 'measured' : 'failed';
    tally[how] += 1;
    attempts[how] += 1;
    if (outcome?.status !== 'measured') lost.push({ attempt, ...(outcome && { outcome }) });
  }
  return { cases: [...tallies.values()], lost, attempts, nodeSeconds };
}

function emptyTally(id: string, suite: string, expected: number): CaseTally {
  return { id, suite, expected, seconds: new Growing(), measured: 0, failed: 0, cut: 0 };
}
