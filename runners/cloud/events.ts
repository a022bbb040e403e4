/** What the connections tell and what the provider announces, as one stream. */
import { on, EventEmitter } from 'node:events';
import type { Fleet, FleetEvent } from '../model.ts';
import type { Notice } from './runner.ts';

/**
 * @param nodeOf machine id → node id; notices about other machines are left out
 * @throws what either of the two throws
 */
export async function* merged(
  fleet: Fleet,
  notices: AsyncIterable<Notice>,
  nodeOf: ReadonlyMap<string, string>,
  signal: AbortSignal,
): AsyncGenerator<FleetEvent> {
  const emitter = new EventEmitter();
  const failed = new AbortController();
  const ends = AbortSignal.any([signal, failed.signal]);
  const pump = async (events: () => AsyncIterable<FleetEvent>) => {
    try {
      for await (const event of events()) emitter.emit('event', event);
    } catch (error) {
      failed.abort(error);
    }
  };
  const announced = async function* (): AsyncGenerator<FleetEvent> {
    for await (const { machines, kind, detail } of notices) {
      const nodes = machines.flatMap((id) => nodeOf.get(id) ?? []);
      if (nodes.length > 0) yield { at: new Date().toISOString(), nodes, kind, detail };
    }
  };
  const listening = on(emitter, 'event', { signal: ends });
  const pumps = [pump(() => fleet.events(ends)), pump(announced)];
  try {
    for await (const [event] of listening) yield event as FleetEvent;
  } catch (error) {
    if (failed.signal.aborted && !signal.aborted) throw failed.signal.reason as Error;
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(pumps);
  }
}
