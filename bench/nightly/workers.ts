/** Two worker processes that take tasks in turn (threads can't load TypeScript on Node.js 20). */
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Task } from './worker.ts';

const WORKERS = 2;

/** Workers that wait for tasks. */
export interface Workers {
  /** Does all tasks, two at a time; results in the order of the tasks. The caller knows what each task gives. */
  run<T>(tasks: readonly Task[]): Promise<readonly T[]>;
  close(): void;
}

/** Starts them; they end with `close`. */
export function startWorkers(): Workers {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const file = fileURLToPath(new URL('worker.ts', import.meta.url));
  // Structured clones: JSON has no Infinity.
  const options: ForkOptions = { execArgv: ['--import', loader], serialization: 'advanced' };
  const workers = Array.from({ length: WORKERS }, () => fork(file, options));
  return {
    async run<T>(tasks: readonly Task[]) {
      const results: T[] = [];
      let next = 0;
      await Promise.all(
        workers.map(async (worker) => {
          while (next < tasks.length) {
            const at = next;
            next += 1;
            results[at] = (await ask(worker, tasks[at] as Task)) as T;
          }
        }),
      );
      return results;
    },
    close() {
      for (const worker of workers) {
        worker.removeAllListeners();
        worker.kill();
      }
    },
  };
}

function ask(worker: ChildProcess, task: Task): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once('exit', (code) => {
      reject(new Error(`a worker ended with ${code} on ${JSON.stringify(task)}`));
    });
    worker.once('message', resolve);
    worker.send(task);
  });
}
