/** `assay serve`: runs of a folder in a browser. Reads only; loopback unless told otherwise. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { realpath } from 'node:fs/promises';
import { isIP, type AddressInfo } from 'node:net';
import { join, sep } from 'node:path';
import sirv from 'sirv';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { listDeliveries, readDelivery } from './deliveries.ts';
import { admit, type Guard } from './guard.ts';
import { streamJournal } from './live.ts';
import { deliveryPage, listPage, livePage, PAGE_POLICY } from './pages.ts';
import { listRuns, NAME } from './runs.ts';
import { lastNights, trendsPage } from './trends.ts';

/** Files of a run that are given out, with the type that a browser may see in them. */
const FILES: Readonly<Record<string, string>> = {
  'report.html': 'text/html; charset=utf-8',
  'nightly.html': 'text/html; charset=utf-8',
  'summary.md': 'text/plain; charset=utf-8',
  'junit.xml': 'text/plain; charset=utf-8',
  'rejected.csv': 'text/plain; charset=utf-8',
  'verdict.json': 'application/json',
  'plan.json': 'application/json',
  'fleet.json': 'application/json',
  'manifest.json': 'application/json',
  'journal.ndjson': 'text/plain; charset=utf-8',
  'samples.parquet': 'application/octet-stream',
  'findings.parquet': 'application/octet-stream',
};

/** Characters of a search that are looked at. */
const SEARCH = 200;

/** Shown beside each run of the list. */
const LINKED = ['summary.md', 'junit.xml', 'verdict.json', 'manifest.json'];

/** A report brings its own policy; here it gets an origin of its own on top, so that it can't reach the viewer. */
const REPORT_POLICY =
  "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'; frame-ancestors 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': PAGE_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export interface ViewerOptions {
  /** Folder of runs, as `--out` of accept. */
  readonly dir: string;
  /** Address to listen on; 127.0.0.1 unless told otherwise. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Needed to read when given; must be given where `host` is not loopback. */
  readonly token?: string;
}

export interface Viewer {
  /** Address to open; carries the token. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Starts the viewer.
 *
 * @throws {HarnessError} USAGE without a token on an address that others reach, or where it can't listen;
 *   RUN_UNREADABLE when the folder is not there
 */
export async function startViewer(options: ViewerOptions): Promise<Viewer> {
  const { host, port, token } = options;
  if (!isLoopback(host) && token === undefined) {
    throw new HarnessError('USAGE', `${host} can be reached by others`, {
      hint: 'Give a token, or serve on 127.0.0.1.',
    });
  }
  const dir = await folderOf(options.dir);
  const stop = new AbortController();
  const files = sirv(dir, { dev: true, etag: true, dotfiles: false, extensions: [] });
  const guard: { current: Guard } = { current: { hosts: [] } };
  const server = createServer(
    { maxHeaderSize: 8192, requestTimeout: 10_000 },
    (request, response) => {
      void answer(request, response, {
        dir,
        guard: guard.current,
        files,
        signal: stop.signal,
      }).catch((error: unknown) => {
        if (!response.headersSent) refuse(response, 500, 'this could not be read');
        else response.destroy(error instanceof Error ? error : undefined);
      });
    },
  );
  await listen(server, host, port);
  const bound = (server.address() as AddressInfo).port;
  guard.current = guardOf(host, bound, token);
  const shown = isIP(host) === 6 ? `[${host}]` : host;
  return {
    url: `http://${shown}:${bound}/${token === undefined ? '' : `?token=${encodeURIComponent(token)}`}`,
    close: () =>
      new Promise((resolve) => {
        stop.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Setting {
  readonly dir: string;
  readonly guard: Guard;
  readonly files: ReturnType<typeof sirv>;
  readonly signal: AbortSignal;
}

async function answer(request: IncomingMessage, response: ServerResponse, setting: Setting) {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const admission = admit(request, setting.guard);
  if ('refused' in admission) {
    refuse(response, admission.refused, admission.why);
    return;
  }
  if (admission.cookie !== undefined) {
    response.writeHead(303, { 'set-cookie': admission.cookie, location: admission.path });
    response.end();
    return;
  }
  const wanted = (admission.search.get('q') ?? '').slice(0, SEARCH);
  if (admission.path === '/') {
    const [runs, deliveries] = [await listRuns(setting.dir), await listDeliveries(setting.dir)];
    page(response, listPage(runs, LINKED, deliveries, wanted));
    return;
  }
  if (admission.path === '/trends/') {
    page(response, trendsPage(await lastNights(setting.dir), wanted));
    return;
  }
  const [, nights = '', night] =
    /^\/nights\/([^/]+)\/(\d{4}-\d{2}-\d{2})\/nightly\.html$/u.exec(admission.path) ?? [];
  if (night !== undefined && NAME.test(nights)) {
    await give(request, response, setting, join('nights', nights, night), 'nightly.html');
    return;
  }
  const slug = /^\/deliveries\/([^/]+)\/$/u.exec(admission.path)?.[1];
  if (slug !== undefined) {
    const inside = NAME.test(slug) && (await within(setting.dir, join('deliveries', slug)));
    const delivery = inside ? await readDelivery(setting.dir, slug) : undefined;
    if (delivery === undefined) refuse(response, 404, 'there is no such delivery');
    else page(response, deliveryPage(delivery, wanted));
    return;
  }
  const [, run = '', file = ''] = /^\/runs\/([^/]+)\/([^/]*)$/u.exec(admission.path) ?? [];
  const inside = NAME.test(run) && (await within(setting.dir, run));
  if (!inside) refuse(response, 404, 'there is no such run');
  else if (file === '') page(response, livePage(run));
  else if (file === 'events' && request.method === 'GET') {
    await streamJournal(join(setting.dir, run, 'journal.ndjson'), response, setting.signal);
  } else await give(request, response, setting, run, file);
}

async function give(
  request: IncomingMessage,
  response: ServerResponse,
  { dir, files }: Setting,
  run: string,
  file: string,
): Promise<void> {
  const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
  if (type === undefined || !(await within(dir, join(run, file)))) {
    refuse(response, 404, 'there is no such file');
    return;
  }
  response.setHeader('content-type', type);
  response.setHeader('content-security-policy', file.endsWith('.html') ? REPORT_POLICY : 'sandbox');
  request.url = `/${run}/${file}`;
  // sirv pipes a file that it has looked at; one that is gone by then must not end the process.
  response.once('pipe', (source) => source.once('error', () => response.destroy()));
  files(request, response, () => refuse(response, 404, 'there is no such file'));
}

/** Whether a path is there and stays inside the folder once links are followed. */
async function within(dir: string, path: string): Promise<boolean> {
  try {
    return (await realpath(join(dir, path))).startsWith(dir + sep);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

async function folderOf(dir: string): Promise<string> {
  try {
    return await realpath(dir);
  } catch (error) {
    throw new HarnessError('RUN_UNREADABLE', `${dir} can't be opened`, {
      hint: 'Give the folder that holds the runs (--out of assay accept).',
      cause: error,
    });
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/u.test(host);
}

/** On loopback a foreign Host header is another site's name bound to this address; elsewhere the token guards. */
function guardOf(host: string, port: number, token: string | undefined): Guard {
  const hosts = ['localhost', '127.0.0.1', '[::1]', isIP(host) === 6 ? `[${host}]` : host];
  return {
    ...(isLoopback(host) && { hosts: hosts.map((name) => `${name}:${port}`) }),
    ...(token !== undefined && { token }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new HarnessError('USAGE', `can't listen on ${host}:${port}`, {
          hint: 'Choose another port or address.',
          cause: error,
        }),
      ),
    );
    server.listen(port, host, () => resolve());
  });
}

function page(response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(body);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    connection: 'close',
  });
  response.end(`${why}\n`);
}
