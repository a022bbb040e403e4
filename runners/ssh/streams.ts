/** Streams to hosts in place of a TCP connection of our own. */
import { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { HarnessError } from '../../plan/errors.ts';
import { spawn } from '../process.ts';
import type { Connection } from './connect.ts';
import { classify } from './failures.ts';
import type { HostSettings } from './settings.ts';

/** A stream by the user's own proxy command; undefined: there is none, a TCP connection of our own is made. */
export function proxied(to: HostSettings): Duplex | undefined {
  if (to.proxyCommand === undefined) return undefined;
  // The command is the user's own configuration and means to be read by a shell, as ssh does.
  const stop = new AbortController();
  const running = spawn(['sh', '-c', `exec ${to.proxyCommand}`], { signal: stop.signal });
  running.stderr.resume();
  const stream = Duplex.from({ readable: running.stdout, writable: running.stdin });
  stream.on('close', () => stop.abort());
  return stream;
}

/**
 * A stream to a host over another's connection.
 *
 * @param limit seconds
 * @param optional undefined where it can't be had, so that the host is tried directly
 */
export async function through(
  carrier: Connection,
  to: HostSettings,
  limit: number,
  optional: boolean,
): Promise<Duplex | undefined> {
  try {
    return await forward(carrier.client, to, limit);
  } catch (error) {
    if (optional && error instanceof HarnessError) return undefined;
    throw error;
  }
}

/** @param limit seconds: the carrier's own patience with a host that does not answer is minutes */
function forward(client: Client, to: HostSettings, limit: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let late = false;
    const patience = setTimeout(() => {
      late = true;
      reject(classify(new Error(`no connection within ${limit} s`), to, []));
    }, limit * 1000);
    const refused = (error: Error) => {
      clearTimeout(patience);
      reject(classify(error, to, []));
    };
    try {
      client.forwardOut('127.0.0.1', 0, to.address, to.port, (error, stream) => {
        if (error) refused(error);
        else if (late) stream.destroy();
        else {
          clearTimeout(patience);
          resolve(stream);
        }
      });
    } catch (error) {
      // The carrier was lost while the host waited for its turn.
      refused(error as Error);
    }
  });
}
