/** Fleet events while a run goes on: on record, and marked on the attempts that they touch. */
import type { Fleet, FleetEvent } from '../runners/model.ts';
import type { Journal } from './journal.ts';
import type { Reach } from './reach.ts';

/** Listens until it is stopped. */
export function watchFleet(
  fleet: Fleet,
  reach: Reach,
  running: ReadonlyMap<string, { event?: FleetEvent }>,
  { journal }: { readonly journal: Pick<Journal, 'append'> },
  signal: AbortSignal,
): { stop(): Promise<void> } {
  const end = new AbortController();
  const listen = async () => {
    for await (const event of fleet.events(AbortSignal.any([signal, end.signal]))) {
      // Marked at once: an attempt may end while its event is on its way to the disk.
      if (event.kind !== 'back' && event.window !== 'closed') {
        if (event.window === 'open') reach.hold(event.nodes, event.detail);
        for (const node of event.nodes) {
          const mark = running.get(node);
          if (mark !== undefined) mark.event ??= event;
        }
      }
      const { at: seen, ...rest } = event;
      await journal.append({ event: 'fleet-event', seen, ...rest });
      if (event.kind === 'back') reach.reached(event.nodes);
      if (event.window === 'closed') reach.free(event.nodes, event.detail);
    }
  };
  const listening = listen();
  // Shown when the loop ends; without this it would be nobody's until then.
  listening.catch(() => undefined);
  return {
    async stop() {
      end.abort();
      await listening;
    },
  };
}
