/** The machine that assay runs on, as a Shell. */
import { spawn } from '../process.ts';
import type { Channel, ChannelEnd, Shell } from './shell.ts';

/** A Shell for this machine; programs get our environment. */
export function thisMachine(): Shell {
  const closed = new AbortController();
  return {
    exec: async (argv, signal): Promise<Channel> => {
      const [program = '', ...rest] = argv;
      signal?.throwIfAborted();
      const stop = new AbortController();
      const running = spawn([program, ...rest], { signal: stop.signal });
      return {
        stdin: running.stdin,
        stdout: running.stdout,
        stderr: running.stderr,
        end: running.end.then((ended): ChannelEnd => {
          if (ended.ended === 'exited') return { code: ended.code };
          if (ended.ended === 'signalled') return { signal: ended.signal };
          return { lost: ended.ended === 'not-started' ? `${program}: ${ended.code}` : 'closed' };
        }),
        close: () => stop.abort(),
      };
    },
    closed: closed.signal,
    close: async () => closed.abort(),
  };
}
