/**
 * What Azure's control plane tells about running machines: those that stop or go without us. Scheduled events
 * are announced inside the guest only (169.254.169.254), and are not read from here.
 */
import { HarnessError } from '../../plan/errors.ts';
import type { Machine } from '../cloud/model.ts';
import type { Notice } from '../cloud/runner.ts';
import type { Arm } from './client.ts';
import { lifeOf, listInstances } from './machines.ts';
import { level } from './shapes.ts';

/** ms between two looks. */
const EVERY = 60_000;

/** Looks at once and then each minute, until the signal; each machine is told once. */
export async function* armNotices(
  arm: Arm,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const sets = [
    ...new Set(
      machines
        .filter(({ id }) => id.includes('/virtualmachinescalesets/'))
        .map(({ id }) => id.split('/').slice(0, -2).join('/')),
    ),
  ];
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const set of sets) {
      for (const notice of await look(arm, set, machines, signal)) {
        const [id = ''] = notice.machines;
        if (told.has(id)) continue;
        told.add(id);
        yield notice;
      }
    }
    try {
      await arm.clock.sleep(EVERY, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function look(
  arm: Arm,
  set: string,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Notice[]> {
  try {
    const now = new Map(
      (await listInstances(arm, set, signal)).map((vm) => [level(vm.id), lifeOf(vm)]),
    );
    return machines
      .filter(({ id }) => id.startsWith(`${set}/`))
      .flatMap(({ id }): readonly Notice[] => {
        const seen = now.get(id);
        if (seen?.life === 'running' || seen?.life === 'starting') return [];
        const detail = seen === undefined ? 'gone from its scale set' : seen.state;
        return [{ machines: [id], kind: 'preempted', detail }];
      });
  } catch (error) {
    // Not seeing a notice is no failure of the run: the next look may do.
    if (error instanceof HarnessError || signal.aborted) return [];
    throw error;
  }
}
