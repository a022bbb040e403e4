/** One process of a placed step on one host: its arguments resolved, its end as the campaign sees it. */
import { randomUUID } from 'node:crypto';
import type { Chunk, Exit, PlacedArgument, PlacedStep, RunContext } from '../model.ts';
import type { Host } from './host.ts';
import { storedPath } from './store.ts';
import type { End } from './end.ts';
import { supervised } from './supervised.ts';

/** Bytes a stream that a program may print. */
const MOST = 64 * 2 ** 20;

/** Runs the step's process of one host to its end. Rejects only for bugs and for what `sink` rejects with. */
export async function runOn(
  host: Host,
  rank: number,
  step: PlacedStep,
  context: RunContext,
  sink: (chunk: Chunk) => Promise<void>,
  signal: AbortSignal,
): Promise<Exit> {
  const started = performance.now();
  const node = host.id;
  const end = await attempt(host, rank, step, context, signal, (stream, bytes) =>
    sink({ node, rank, stream, bytes }),
  );
  return { node, rank, seconds: (performance.now() - started) / 1000, ...end };
}

async function attempt(
  host: Host,
  rank: number,
  step: PlacedStep,
  context: RunContext,
  signal: AbortSignal,
  sink: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => Promise<void>,
): Promise<End> {
  if (signal.aborted) return { ended: 'stopped' };
  const { files, supervisor, python } = host.ground;
  const [program] = step.argv;
  const payload = typeof program === 'object' && 'file' in program;
  const own = typeof program === 'object' && 'here' in program;
  if (supervisor === undefined || (payload && python === undefined)) {
    const reason = 'no Python ≥ 3.8 was found there (python3, /usr/bin/python3, $VIRTUAL_ENV)';
    return { ended: 'not-started', code: 'NO_PYTHON', reason };
  }
  const secretless = Object.values(step.environment).find(
    (one) => typeof one === 'object' && 'secret' in one && context.secret(one.secret) === undefined,
  );
  if (typeof secretless === 'object' && 'secret' in secretless) {
    const reason = `the secret ${secretless.secret} is not in the environment`;
    return { ended: 'not-started', code: 'NO_SECRET', reason };
  }
  const run = `${host.folder}/${step.attempt}`;
  const place = (argument: PlacedArgument) => placed(argument, files, `${run}/scratch`, context);
  const environment = Object.entries(step.environment).map(
    ([name, value]) => [name, place(value)] as const,
  );
  return supervised(
    host,
    {
      folder: `${run}/${step.index}`,
      nonce: randomUUID(),
      spec: {
        argv: [
          ...(payload ? (python ?? []) : own ? ourNode() : []),
          ...step.argv.map(openly(place)),
        ],
        environment: {
          ...Object.fromEntries(environment),
          ASSAY_RANK: String(rank),
          ASSAY_NODES: String(Math.max(1, step.nodes.length)),
        },
        scratch: `${run}/scratch`,
        limit: step.limit,
        lease: step.lease,
        most: MOST,
      },
    },
    sink,
    signal,
  );
}

/** Our own Node.js, with the loader that it was started with (in a checkout, one for TypeScript). */
function ourNode(): readonly string[] {
  const { execArgv } = process;
  const loaders = execArgv.filter(
    (word, at) => LOADER.test(word) || LOADER.test(execArgv[at - 1] ?? ''),
  );
  return [process.execPath, ...loaders];
}

const LOADER = /^(?:--import|--require|-r)(?:=|$)/u;

/** Arguments are seen by every user of a node: a secret has no place among them. */
function openly(place: (argument: PlacedArgument) => string) {
  return (argument: PlacedArgument): string => {
    if (typeof argument === 'object' && 'secret' in argument) {
      throw new TypeError(`the secret ${argument.secret} can't be an argument, only environment`);
    }
    return place(argument);
  };
}

function placed(
  argument: PlacedArgument,
  files: string,
  scratch: string,
  context: RunContext,
): string {
  if (typeof argument === 'string') return argument;
  if ('file' in argument) return storedPath(files, argument.file);
  if ('here' in argument) return argument.here;
  if ('scratch' in argument) return `${scratch}/${argument.scratch}`;
  const value = context.secret(argument.secret);
  if (value === undefined) throw new TypeError(`no secret is named ${argument.secret}`);
  context.redact(value);
  return value;
}
