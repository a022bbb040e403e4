/** The reference server (fixtures/reference-llm) as a process of its own, and its log of what it sent when. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../fixtures/reference-llm/server.ts', import.meta.url));

/** One answer as the server sent it; seconds on the machine's monotonic clock. */
export interface Sent {
  readonly id: string;
  readonly received: number;
  readonly sends: readonly number[];
}

/** A server that runs. */
export interface ReferenceServer {
  readonly url: string;
  readonly pid: number;
  /** Stops it. @returns what it sent, by request id */
  stop(): Promise<ReadonlyMap<string, Sent>>;
}

/**
 * @param options of fixtures/reference-llm/server.ts
 * @param prefix put in front of argv, e.g. `taskset -c 0`
 */
export async function startReference(
  options: object = {},
  prefix: readonly string[] = [],
): Promise<ReferenceServer> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-llm-'));
  const log = join(folder, 'sent.ndjson');
  const host = '127.50.0.1';
  const argv = [
    ...prefix,
    process.execPath,
    ...process.execArgv,
    SERVER,
    JSON.stringify({ host, log, ...options }),
  ];
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      const ready = /ready (\d+)/u.exec(said)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the reference server ended')));
  });
  const scheme = 'tls' in options ? 'https' : 'http';
  return {
    url: `${scheme}://${host}:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      const sent = new Map<string, Sent>();
      for (const line of readFileSync(log, 'utf8').split('\n')) {
        if (line === '') continue;
        const one = JSON.parse(line) as Sent;
        sent.set(one.id, one);
      }
      rmSync(folder, { recursive: true, force: true });
      return sent;
    },
  };
}
