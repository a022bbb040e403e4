/** A real S3-compatible server: moto, from PyPI, in a virtual environment of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Address that the team's tests of the history use. */
const HOST = '127.40.0.1';
const PLACE = join(homedir(), '.cache', 'assay-tests', 'moto');

/** A server under way. */
export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

/** Installs moto once. @returns why it can't be; undefined: it is there */
export function needMoto(): string | undefined {
  if (existsSync(join(PLACE, 'bin', 'moto_server'))) return undefined;
  const made = spawnSync('python3', ['-m', 'venv', PLACE], { encoding: 'utf8' });
  if (made.status !== 0) return `no virtual environment: ${made.stderr}`;
  const pip = [join(PLACE, 'bin', 'pip'), 'install', '--quiet', 'moto[server,s3]'] as const;
  const [program, ...rest] = pip;
  const installed = spawnSync(program, rest, { encoding: 'utf8', timeout: 180_000 });
  return installed.status === 0 ? undefined : `moto could not be installed: ${installed.stderr}`;
}

/** Starts it on a free port. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn(join(PLACE, 'bin', 'moto_server'), ['-H', HOST, '-p', String(port)], {
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://${HOST}:${port}`;
  for (let tries = 0; tries < 200; tries += 1) {
    const there = await fetch(url).then(
      () => true,
      () => false,
    );
    if (there) break;
    await pause(50);
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, HOST, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
