/**
 * What Azure's control plane tells about running machines: those that stop or go without us. Scheduled Events
 * are announced inside the guest only: metadata.ts.
 */
import type { Machine } from '../cloud/model.ts';
import { lookedAfter } from '../cloud/notices.ts';
import type { Notice } from '../cloud/runner.ts';
import type { Arm } from './client.ts';
import { lifeOf, listInstances } from './machines.ts';
import { level } from './shapes.ts';

/** Machines that stop or go; each is told once, whatever it passes through. */
export function armNotices(
  arm: Arm,
  machines: readonly Machine[],
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const sets = machines
    .filter(({ id }) => id.includes('/virtualmachinescalesets/'))
    .map(({ id }) => id.split('/').slice(0, -2).join('/'));
  return lookedAfter(
    {
      clock: arm.clock,
      places: [...new Set(sets)],
      look: (set) => look(arm, set, machines, signal),
      keyOf: ({ machines: [id = ''] }) => id,
    },
    signal,
  );
}

async function look(
  arm: Arm,
  set: string,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly Notice[]> {
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
}
