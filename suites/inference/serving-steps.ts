/** The programs of a load: the server on its node where the plan starts it, the load generator here or there. */
import { fileURLToPath } from 'node:url';
import type { Argument, Node, Step } from '../../runners/model.ts';
import type { Case } from '../model.ts';
import type { Options } from './options.ts';
import { sloOf, workOf } from './serving-cases.ts';
import type { Serving } from './serving-options.ts';

const CHECKOUT = import.meta.url.endsWith('.ts');
const MAIN = CHECKOUT ? 'load/main.ts' : 'load/main.js';
/** In a checkout, what was built of it. */
const BUNDLE = `${CHECKOUT ? '../../dist/suites/inference/' : ''}load/on-node.bundle.mjs`;
/** Requests a second that one thread sends with ease. */
const PER_THREAD = 1000;

/** @param nodes of the trial: one, or all behind one URL */
export function servingSteps(
  of: Case,
  options: Options & { readonly serving: Serving },
  nodes: readonly Node[],
): readonly Step[] {
  const { serving } = options;
  const [first] = nodes;
  const work = workOf(serving, of);
  if (first === undefined || work === undefined) throw new Error(`no work for ${of.id}`);
  const common = { suite: 'inference', case: of.id, parameters: of.parameters };
  const ids = nodes.map((node) => node.id);
  const { api, model, input, output, body, timeout, key, server } = serving;
  const top = work.kind === 'window' ? work.rate : work.to;
  const threads =
    serving.threads === 'auto'
      ? Math.max(1, Math.min(8, Math.ceil(top / PER_THREAD)))
      : serving.threads;
  const settings = JSON.stringify({
    api,
    model,
    arrivals: arrivalsOf(serving),
    input,
    output,
    body,
    seed: options.seed,
    timeout,
    slo: sloOf(serving),
    threads,
    lateness: serving.lateness,
    work,
  });
  // The plan's own URL may name a private host; a filled-in one is nobody's secret.
  const template: Argument =
    server === undefined ? { private: serving.url ?? '' } : 'http://{address}:{port}';
  const port: Argument = server === undefined ? '0' : { port: 'http' };
  const here = serving.from === 'controller';
  const file = (path: string): Argument => (here ? { here: path } : { payload: path });
  const trace: readonly Argument[] =
    typeof serving.arrivals === 'object' && 'trace' in serving.arrivals
      ? [file(serving.arrivals.trace)]
      : [];
  const own = (path: string) => file(fileURLToPath(new URL(path, import.meta.url)));
  const program: readonly [Argument, ...Argument[]] = here
    ? [own(MAIN)]
    : [serving.node, own(BUNDLE)];
  const load: Step = {
    ...common,
    on: here ? 'controller' : 'each-node',
    nodes: ids,
    role: 'load',
    argv: [...program, settings, template, { addressOf: first.id }, port, ...trace],
    environment: {
      ...(key !== undefined && { ASSAY_LOAD_KEY: { secret: key } }),
      ...(serving.ca !== undefined && { NODE_EXTRA_CA_CERTS: file(serving.ca) }),
    },
    limit: Math.ceil(of.expected * 4 + 4 * timeout + 120),
  };
  if (server === undefined) return [load];
  const [executable = '', ...rest] = server.command;
  const filled = (word: string): Argument => {
    if (word === '{port}') return { port: 'http' };
    return word === '{address}' ? { addressOf: first.id } : word;
  };
  const started: Step = {
    ...common,
    on: 'each-node',
    nodes: ids,
    role: 'server',
    argv: [filled(executable), ...rest.map(filled)],
    environment: server.environment,
    ready: { http: server.ready },
    limit: Math.ceil(load.limit + server.start),
  };
  return [started, load];
}

function arrivalsOf({ arrivals }: Serving) {
  if (typeof arrivals === 'string') return { kind: arrivals };
  return 'bursts' in arrivals
    ? { kind: 'bursts', size: arrivals.bursts }
    : { kind: 'trace', speed: arrivals.speed };
}
