/** The thread that follows a run: see follow.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Follower, followRun } from '../campaign/follower.ts';
import { HarnessError } from '../plan/errors.ts';
import { composeRun } from './compose.ts';
import type { Answer, Question, Said, Start } from './follow-model.ts';
import { createJudge } from './judging.ts';

const port = parentPort;
if (port === null) throw new Error('follow-thread.ts is the file of a thread');
const say = (said: Said) => port.postMessage(said);
const started = start(workerData as Start);
// Told by `ready`.
started.catch(() => undefined);

port.on('message', (message: Question | { readonly advance: number }) => {
  void answer(message);
});

async function start({ path, plan, nodes }: Start): Promise<Follower> {
  const { units } = await composeRun(plan);
  return followRun({ path, plan, nodes, units, createJudge, failed: (failed) => say({ failed }) });
}

async function answer(message: Question | { readonly advance: number }): Promise<void> {
  if ('advance' in message) {
    // What keeps it from starting is told by `ready`.
    const follower = await started.catch(() => undefined);
    follower?.advance(message.advance);
    return;
  }
  const { id } = message;
  try {
    say({ id, value: await answered(message, await started) });
  } catch (error) {
    if (error instanceof HarnessError) {
      const { code, message: text, hint, details } = error;
      say({ id, error: { code, message: text, hint, details } });
    } else {
      const { message: text, stack } = error instanceof Error ? error : new Error(String(error));
      say({ id, error: { message: text, ...(stack !== undefined && { stack }) } });
    }
  }
}

async function answered(question: Question, follower: Follower): Promise<Answer[keyof Answer]> {
  switch (question.ask) {
    case 'ready':
      return undefined;
    case 'read':
      return Promise.all((question.orders ?? []).map((order) => follower.read(order)));
    case 'inventoried':
      return follower.inventoried();
    case 'next':
      return follower.next();
    case 'decide':
      return follower.decide(question.stopped);
    case 'write':
      await follower.write();
      return undefined;
    case 'close':
      await follower.close();
      return undefined;
  }
}
