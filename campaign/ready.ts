/** Steps that others wait for: a server is ready when it says so or answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from '../plan/errors.ts';
import type { Node, PlacedStep } from '../runners/model.ts';
import { timeLimit } from '../plan/limit.ts';

/** Pause between two questions to a server, in ms. */
const PAUSE = 500;

/**
 * Watches for readiness.
 *
 * @returns `waits`: whether a step's lines are waited for: `line` is to be told them; `of`: resolves true
 * when the step is ready, false when it ended or was stopped before
 */
export function whenReady(
  steps: readonly PlacedStep[],
  nodes: readonly Node[],
  ports: Readonly<Record<string, number>>,
) {
  const waiting = new Map<number, { readonly text: string; readonly seen: () => void }>();
  const seen = new Map<number, Promise<void>>();
  for (const { index, ready } of steps) {
    if (ready === undefined || !('line' in ready)) continue;
    seen.set(
      index,
      new Promise((resolve) => {
        waiting.set(index, { text: ready.line, seen: resolve });
      }),
    );
  }
  return {
    waits: (step: number): boolean => waiting.has(step),
    line(step: number, text: string): void {
      const one = waiting.get(step);
      if (one === undefined || !text.includes(one.text)) return;
      waiting.delete(step);
      one.seen();
    },
    async of(step: PlacedStep, ended: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
      if (step.ready === undefined) return true;
      const stop = new AbortController();
      const over = ended.then(
        () => false,
        () => false,
      );
      const line = seen.get(step.index);
      const is =
        'http' in step.ready
          ? answers(
              url(step, step.ready.http, nodes, ports),
              AbortSignal.any([signal, stop.signal]),
            )
          : Promise.resolve(line).then(() => true);
      try {
        return await Promise.race([is, over]);
      } finally {
        stop.abort();
      }
    },
  };
}

/** A path is asked at the step's first node, at its port named "http", else its first. */
function url(
  step: PlacedStep,
  path: string,
  nodes: readonly Node[],
  ports: Readonly<Record<string, number>>,
): string {
  if (/^https?:/u.test(path)) return path;
  const address = nodes.find((node) => node.id === step.nodes[0])?.fabricAddress ?? '127.0.0.1';
  const host = address.includes(':') ? `[${address}]` : address;
  return `http://${host}:${ports['http'] ?? Object.values(ports)[0] ?? 80}${path}`;
}

async function answers(address: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      const response = await fetch(address, {
        signal: timeLimit(5, signal),
      });
      await response.body?.cancel();
      if (response.ok) return true;
    } catch (error) {
      // Not listening yet; a wrong address is a bug of ours.
      if (error instanceof TypeError && systemCode(error.cause) === 'ERR_INVALID_URL') throw error;
    }
    await sleep(PAUSE);
  }
  return false;
}
