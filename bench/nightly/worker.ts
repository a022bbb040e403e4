/** A worker process of the nightly bench: one task at a time. */
import { driftDelays, stepDelays, type Culprit } from './delay.ts';
import type { Kind } from './noise.ts';
import { rerunNightly } from './otava.ts';
import { stableFleet } from './stable.ts';

/** What a worker can be asked. */
export type Task =
  | {
      readonly what: 'stable';
      readonly kind: Kind;
      readonly fleet: number;
      readonly size: { readonly nodes: number; readonly metrics: number; readonly nights: number };
    }
  | {
      readonly what: 'step' | 'drift';
      readonly kind: Kind;
      readonly culprit: Culprit;
      /** Relative loss, or loss a night. */
      readonly loss: number;
      readonly panel: number;
    }
  | { readonly what: 'otava'; readonly level: readonly number[] };

function answer(task: Task): unknown {
  switch (task.what) {
    case 'stable':
      return stableFleet(task.kind, task.fleet, task.size);
    case 'step':
      return stepDelays(task.kind, task.culprit, task.loss, task.panel);
    case 'drift':
      return driftDelays(task.kind, task.culprit, task.loss, task.panel);
    case 'otava':
      return rerunNightly(task.level);
  }
}

process.on('message', (task: Task) => {
  process.send?.(answer(task));
});
