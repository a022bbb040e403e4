/** Steps as suites ask for them → steps as fleets start them, and as the journal records them. */
import { createHash } from 'node:crypto';
import { resolve as resolvePath } from 'node:path';
import type { Argument, Node, PlacedArgument, PlacedStep, Step } from '../runners/model.ts';
import { canonical } from './directory/canonical.ts';
import { hashFile } from './directory/manifest.ts';
import type { Program, RecordedArgument, RecordedStep } from './events.ts';

/** First and last port given out: below the range that kernels take client ports from. */
const PORTS = [20_000, 31_999] as const;

/** Ports for rendezvous: no two attempts under way have the same, nor do two runs on one node, most likely. */
export class Ports {
  #next: number;

  /**
   * @param run its id: where it begins
   * @param before how many it gave out before (resumed, it does not begin with the same)
   */
  constructor(run: string, before: number) {
    this.#next = createHash('sha256').update(run).digest().readUInt32BE() + before;
  }

  next(): number {
    const [first, last] = PORTS;
    const port = first + (this.#next % (last - first + 1));
    this.#next += 1;
    return port;
  }
}

/** Payload files, hashed once each. */
export class Payloads {
  readonly #hashing = new Map<string, Promise<string>>();
  readonly #hashes = new Map<string, string>();

  /** SHA-256 of a file on the controller. */
  async hash(path: string): Promise<string> {
    const hashing = this.#hashing.get(path) ?? hashFile(path);
    this.#hashing.set(path, hashing);
    const hash = await hashing;
    this.#hashes.set(path, hash);
    return hash;
  }

  /** The hash, once it is known: nothing to wait for then. */
  known(path: string): string | undefined {
    return this.#hashes.get(path);
  }
}

/** A step ready to start, with how the journal names it and the files that it needs on its nodes. */
export interface Placed {
  readonly step: PlacedStep;
  readonly program: Program;
  /** First 16 hex digits of the program's SHA-256. */
  readonly programId: string;
  /** SHA-256 → path on the controller. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Resolves a step's arguments: files by hash, addresses, ports. Secrets and scratch paths are the runner's.
 *
 * @param ports of the attempt, by name; a new name gets a number
 */
export async function place(
  step: Step,
  at: { readonly attempt: string; readonly index: number; readonly lease: number },
  known: {
    readonly nodes: ReadonlyMap<string, Node>;
    readonly payloads: Payloads;
    readonly ports: Ports;
    /** The trial's nodes. */
    readonly order: readonly string[];
  },
  ports: Record<string, number>,
): Promise<Placed> {
  const files = new Map<string, string>();
  const hashOf = (path: string) => {
    const file = known.payloads.known(path);
    if (file === undefined) throw new Error(`${path} was not hashed`);
    return file;
  };
  const resolve = (argument: Argument): [PlacedArgument, RecordedArgument] => {
    if (typeof argument === 'string') return [argument, argument];
    if ('private' in argument) return [argument.private, { private: true }];
    if ('payload' in argument) {
      const file = hashOf(argument.payload);
      files.set(file, argument.payload);
      return [{ file }, { file }];
    }
    if ('here' in argument) {
      const here = resolvePath(argument.here);
      return [{ here }, { file: hashOf(here) }];
    }
    if ('addressOf' in argument) {
      const node = known.nodes.get(argument.addressOf);
      if (node === undefined) throw new Error(`a step names node ${argument.addressOf}`);
      return [node.fabricAddress, { addressOf: known.order.indexOf(node.id) }];
    }
    if ('port' in argument) {
      ports[argument.port] ??= known.ports.next();
      return [String(ports[argument.port]), argument];
    }
    return [argument, argument];
  };
  for (const argument of [...step.argv, ...Object.values(step.environment)]) {
    const path = pathOf(argument);
    if (path !== undefined && known.payloads.known(path) === undefined) {
      await known.payloads.hash(path);
    }
  }
  const argv = step.argv.map(resolve);
  const environment = Object.entries(step.environment).map(
    ([name, argument]) => [name, resolve(argument)] as const,
  );
  const [program, ...rest] = argv.map(([placed]) => placed);
  if (program === undefined) throw new Error('a step without a program');
  const recorded: Program = {
    suite: step.suite,
    case: step.case,
    parameters: step.parameters,
    on: step.on,
    role: step.role,
    argv: argv.map(([, one]) => one),
    environment: Object.fromEntries(environment.map(([name, [, one]]) => [name, one])),
    limit: step.limit,
  };
  return {
    step: {
      ...step,
      ...at,
      argv: [program, ...rest],
      environment: Object.fromEntries(environment.map(([name, [placed]]) => [name, placed])),
    },
    program: recorded,
    programId: programId(recorded),
    files,
  };
}

/** Of an argument that stands for a file on the controller. */
function pathOf(argument: Argument): string | undefined {
  if (typeof argument === 'string') return undefined;
  if ('payload' in argument) return argument.payload;
  return 'here' in argument ? resolvePath(argument.here) : undefined;
}

/** How the journal names a step of a trial on these nodes. */
export function recordedStep(placed: Placed, nodes: readonly string[]): RecordedStep {
  const same =
    placed.step.nodes.length === nodes.length &&
    placed.step.nodes.every((node, at) => node === nodes[at]);
  return same
    ? { program: placed.programId }
    : { program: placed.programId, nodes: placed.step.nodes };
}

/** Ids by spelling: the same program is placed on thousands of nodes. */
const ids = new Map<string, string>();
const MOST_IDS = 10_000;

function programId(program: Program): string {
  const spelled = JSON.stringify(program);
  const known = ids.get(spelled);
  if (known !== undefined) return known;
  const id = createHash('sha256').update(canonical(program)).digest('hex').slice(0, 16);
  if (ids.size >= MOST_IDS) ids.clear();
  ids.set(spelled, id);
  return id;
}
