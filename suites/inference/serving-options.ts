/** The `serving` block of inference: which server is loaded, with what, and what it must keep. */
import { z } from 'zod';
import { quantityOption, shareOption } from '../../plan/options.ts';
import { certificateProblem } from './load/certificate.ts';
import { traceProblem } from './load/trace.ts';
import { SLO_PRESETS } from './window/slo.ts';

const count = (most: number) => z.int().min(1).max(most);
const rate = quantityOption('req/s').refine((value) => value > 0 && value <= 1e6, {
  message: 'must be above 0 and at most 1000000 req/s',
});
const positive = (about: string) =>
  quantityOption('s')
    .refine((value) => value > 0, { message: 'must be longer than 0 s' })
    .describe(about);

/** Text whose message never repeats it: what stands there may be a secret by mistake. */
const discreet = (is: (text: string) => boolean, message: string) =>
  z.custom<string>((value) => typeof value === 'string' && is(value), { error: message });

const secretName = discreet(
  (text) => /^[A-Z][A-Z0-9_]{1,63}$/u.test(text),
  'must be the name of a secret (capitals, digits, _), e.g. SERVER_KEY; the key itself has no place in a plan: put it into the environment under that name',
).meta({ type: 'string' });

/** What a key looks like in a path: some gateways would have it there. */
const KEY_IN_PATH = /\/(?:sk|hf|nvapi|ghp|glpat|key|token)[-_]|\/(?:AKIA|eyJ)/u;

const url = discreet(
  isPlainUrl,
  'must be http(s)://host:port, without user, password, query or a key in its path ({address} stands for a node’s address): name a key by `key`',
).meta({ type: 'string' });

function isPlainUrl(text: string): boolean {
  try {
    const url = new URL(filled(text, 'node', '1'));
    const { protocol, username, password, search, hash, pathname } = url;
    const plain = username + password + search + hash === '' && !KEY_IN_PATH.test(pathname);
    return /^https?:$/u.test(protocol) && plain;
  } catch {
    return false;
  }
}

/** Puts a node's address and port into a URL of the plan. */
export function filled(template: string, address: string, port: string): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return template.replaceAll('{address}', host).replaceAll('{port}', port);
}

const slo = z
  .union([
    z.enum(Object.keys(SLO_PRESETS) as [string, ...string[]]),
    z.strictObject({
      ttft: positive('to the first token').exactOptional(),
      tpot: positive('a token after the first').exactOptional(),
      e2e: positive('the whole answer').exactOptional(),
    }),
  ])
  .describe(
    'bounds of a good request, or a preset (MLPerf Inference’s Server and Interactive limits)',
  );

const arrivals = z.union([
  z.enum(['poisson', 'constant']),
  z.strictObject({ bursts: z.int().min(2).max(10_000).describe('requests at one moment') }),
  z.strictObject({
    trace: z.string().min(1).describe('file: timestamp (ms), input_length, output_length a line'),
    speed: z.number().positive().max(10_000).default(1),
  }),
]);

const SECRET_FIELD = /api.?key|secret|passw|authorization|bearer/iu;
const word = discreet(
  (text) => text.length <= 4096 && !SECRET_FIELD.test(text),
  'must be a text without a key in it: give a key in server.environment as { secret: NAME }',
).meta({ type: 'string' });

const server = z.strictObject({
  command: z
    .array(word)
    .min(1)
    .max(200)
    .describe('argv of the server; {port} and {address} as words of their own are filled in'),
  environment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/u),
      z.union([word, z.strictObject({ secret: secretName })]),
    )
    .default({}),
  ready: z
    .string()
    .startsWith('/')
    .default('/health')
    .describe('path that answers when it is ready'),
  start: positive('longest wait until it is ready').default(900),
});

/** Schema of the block. */
export const serving = z.strictObject({
  url: url.exactOptional().describe('mode endpoint: base URL; with {address} one for each node'),
  server: server.exactOptional().describe('mode server: what is started on each node'),
  api: z.enum(['chat', 'completions']).default('chat'),
  model: z.string().max(200).default('').describe('as the server names it; empty: its first'),
  key: secretName.exactOptional().describe('name of the secret with the server’s key'),
  ca: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      'file (PEM) of whoever signed the server’s certificate, trusted beside the known ones',
    ),
  input: count(2 ** 20)
    .default(512)
    .describe('tokens of each prompt'),
  output: count(2 ** 16)
    .default(128)
    .describe('tokens asked for'),
  body: z
    .record(z.string().max(100), z.union([word, z.number(), z.boolean()]))
    .default({})
    .describe('fields added to every request, e.g. { ignore_eos: true }'),
  arrivals: arrivals.default('poisson'),
  rates: z.array(rate).max(32).default([]).describe('a case for each: one window at that rate'),
  settle: quantityOption('s').default(10).describe('warm-up before the window, dropped by rule'),
  window: positive('length of each window').default(60),
  timeout: positive('after which a request is given up').default(60),
  slo: slo.default({}),
  search: z
    .strictObject({
      from: rate.default(1).describe('first rate tried'),
      to: rate.default(10_000),
      share: shareOption('requests that must keep the SLO').default(0.99),
      within: shareOption('half width of the interval that ends the search').default(0.06),
      windows: z.int().min(5).max(200).default(32).describe('windows at most'),
      requests: count(1_000_000).default(700).describe('requests of each window'),
      settle: z.int().min(0).max(100_000).default(50).describe('requests before each window'),
    })
    .exactOptional()
    .describe('looks for the highest rate that keeps the SLO'),
  lateness: positive(
    'lateness of the load generator at p99 past which a window is refused; never less than 2 % of the median TTFT',
  ).default(0.01),
  threads: z
    .union([z.literal('auto'), count(256)])
    .default('auto')
    .describe('of the load generator; auto: one for 1000 requests/s'),
  from: z
    .enum(['controller', 'node'])
    .default('controller')
    .describe(
      'where requests come from: this machine, over its network; node: each node loads its own server, all of them at once',
    ),
  node: word
    .default('node')
    .describe('for from: node: the program of Node.js (20.19 or newer) on the nodes'),
});

/** The block with its defaults. */
export type Serving = z.output<typeof serving>;

/** What the mode needs of the block, and what it must not say. */
export function checkServing(
  block: { readonly mode: string; readonly serving?: Serving },
  context: z.core.$RefinementCtx,
): void {
  const issue = (message: string, ...path: string[]) =>
    context.addIssue({ code: 'custom', message, path: ['serving', ...path] });
  const { mode, serving: own } = block;
  if (mode === 'offline') {
    if (own !== undefined) issue('belongs to mode server or endpoint, and the mode is offline');
    return;
  }
  if (own === undefined) {
    issue(`is missing: mode ${mode} loads a server`);
    return;
  }
  if (mode === 'endpoint' && own.url === undefined) issue('is missing', 'url');
  if (mode === 'endpoint' && own.server !== undefined) issue('belongs to mode server', 'server');
  if (mode === 'endpoint' && own.from === 'node' && own.url?.includes('{address}') === false) {
    const { hostname } = new URL(own.url);
    const here = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname);
    const message = `is one server for all, and from: node loads each node's own: write {address}, or a loopback address`;
    if (!here) issue(message, 'url');
  }
  if (mode === 'server' && own.server === undefined) issue('is missing', 'server');
  if (mode === 'server' && own.url !== undefined) issue('belongs to mode endpoint', 'url');
  if (own.rates.length === 0 && own.search === undefined) {
    issue('give rates, or a search: nothing would be measured');
  }
  if (own.search !== undefined && Object.keys(own.slo).length === 0) {
    issue('a search needs bounds to keep', 'slo');
  }
  if (typeof own.arrivals === 'object' && 'trace' in own.arrivals && own.search !== undefined) {
    issue('a trace has its own pace: no rate can be searched for', 'search');
  }
  if (typeof own.arrivals === 'object' && 'trace' in own.arrivals) {
    const most = Math.max(0, ...own.rates.map((one) => requestsOf(own, one).all));
    const trace = traceProblem(own.arrivals.trace, most);
    if (trace !== undefined) issue(trace, 'arrivals', 'trace');
  }
  const untrusted = own.ca === undefined ? undefined : certificateProblem(own.ca);
  if (untrusted !== undefined) issue(untrusted, 'ca');
  const fields = Object.keys(own.body).filter((name) => SECRET_FIELD.test(name));
  if (fields.length > 0) issue('holds a key: name it by `key`', 'body');
}

/** Requests of a window at a rate, those of its warm-up apart. */
export function requestsOf(
  { settle, window }: Pick<Serving, 'settle' | 'window'>,
  rate: number,
): { readonly settling: number; readonly requests: number; readonly all: number } {
  const [settling, requests] = [Math.ceil(settle * rate), Math.ceil(window * rate)];
  return { settling, requests, all: settling + requests };
}
