/** What the connections tell and what the provider announces, as one stream. */
import { on, EventEmitter } from 'node:events';
import type { Fleet, FleetEvent } from '../model.ts';
import type { Notice } from './runner.ts';

/**
 * @param notices streams, each with an end of its own
 * @param nodeOf machine id → node id; notices about other machines are left out
 * @throws what any of them throws
 */
export async function* merged(
  fleet: Fleet,
  notices: readonly AsyncIterable<Notice>[],
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
  const announced = async function* (stream: AsyncIterable<Notice>): AsyncGenerator<FleetEvent> {
    for await (const { machines, ...notice } of stream) {
      const nodes = machines.flatMap((id) => nodeOf.get(id) ?? []);
      if (nodes.length > 0) yield { at: new Date().toISOString(), nodes, ...notice };
    }
  };
  const listening = on(emitter, 'event', { signal: ends });
  const pumps = [
    pump(() => fleet.events(ends)),
    ...notices.map((stream) => pump(() => announced(stream))),
  ];
  try {
    for await (const [event] of listening) yield event as FleetEvent;
  } catch (error) {
    if (failed.signal.aborted && !signal.aborted) throw failed.signal.reason as Error;
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(pumps);
  }
}
