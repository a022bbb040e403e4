/**
 * What machines are told inside, by the metadata service of their provider: a small program a machine asks there
 * now and then over the node's own session, and prints what has changed. What it says is untrusted: it can keep a
 * node from being measured, which never passes it, and nothing else.
 */
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { printable } from '../session/printable.ts';
import { collect, type Shell } from '../session/shell.ts';
import type { Clock } from './clock.ts';
import type { Machine } from './model.ts';
import type { Notice } from './runner.ts';
import { Told } from './told.ts';

/** A notice before it is told whose it is. */
export type Announced = Omit<Notice, 'machines'>;

/** How a provider's metadata service is asked, and what its answers mean. */
export interface Metadata {
  /** A token that is asked for at each look. */
  readonly token?: {
    readonly path: string;
    readonly asks: Readonly<Record<string, string>>;
    /** Header that carries it. */
    readonly carries: string;
  };
  readonly headers: Readonly<Record<string, string>>;
  readonly paths: readonly string[];
  /**
   * All that is announced now.
   *
   * @param said path → body; a path that was not found is not there
   * @param now ms since the epoch
   */
  read(said: ReadonlyMap<string, string>, now: number, machine: Machine): readonly Announced[];
}

/** Where every provider has it; plain HTTP, answered by the host. */
const SERVICE = 'http://169.254.169.254';
/** Seconds between two looks: a spot machine has 30 seconds at least. */
const EVERY = 15;
/** Looks after which what was said is said again. */
const REPEAT = 4;
/** Seconds for one answer. */
const WAIT = 5;
/** Bytes of one answer. */
const MOST = 16_384;
/** Bytes of one line of the program. */
const LONGEST_LINE = 2 ** 18;
/** Seconds for the look at the opening. */
const FIRST = 30;
/** ms until a program that ended is started again. */
const AGAIN = 60_000;
/** Notices of one machine that are told; a machine that says more is not listened to. */
const NOTICES = 100;
/** Characters of a notice. */
const DETAIL = 200;

const line = z.object({ said: z.record(z.string(), z.string().max(MOST)) });

interface Listened {
  readonly machine: Machine;
  /** The newest connection. */
  shell: Shell;
  python?: string;
}

/** The metadata services of a fleet's machines. */
export class MetadataServices {
  readonly #metadata: Metadata;
  readonly #clock: Clock;
  /** What stands in for the provider; absent: the service itself. */
  readonly #standIn: string | undefined;
  readonly #all = new Map<string, Listened>();

  /** @param standIn URL of what stands in for the provider: it answers for its machines too */
  constructor(metadata: Metadata, clock: Clock, standIn?: string) {
    this.#metadata = metadata;
    this.#clock = clock;
    this.#standIn = standIn;
  }

  /** A connection was made, the first or another one. */
  opened(machine: Machine, shell: Shell): void {
    const before = this.#all.get(machine.id);
    if (before === undefined) this.#all.set(machine.id, { machine, shell });
    else before.shell = shell;
  }

  /**
   * The first look, before the machine is handed over.
   *
   * @param python interpreter there; undefined: there is none, and nothing can be asked
   * @throws {HarnessError} PROVIDER_CONFLICT: it is inside a window, or told to go
   */
  async found(id: string, python: string | undefined, signal: AbortSignal): Promise<void> {
    const one = this.#all.get(id);
    if (one === undefined || python === undefined) return;
    one.python = python;
    const argv = [python, '-I', '-S', '-c', await program(), this.#job(one.machine, 0)];
    const options = { limit: FIRST, most: LONGEST_LINE, signal };
    let notices: readonly Notice[];
    try {
      const { stdout } = await collect(one.shell, argv, options);
      notices = this.#notices(one.machine, stdout.toString('utf8').split('\n')[0] ?? '');
    } catch (error) {
      // It says nothing in time: it is asked again while the run goes on.
      if (error instanceof HarnessError && !one.shell.closed.aborted) return;
      throw error;
    }
    const going = notices.find(({ kind }) => kind === 'preempted');
    const unfit = going ?? notices.find(({ window }) => window === 'open');
    if (unfit === undefined) return;
    const what = going === undefined ? 'in its maintenance window' : 'told to go';
    throw new HarnessError('PROVIDER_CONFLICT', `${what}: ${unfit.detail}`, {
      hint: 'Wait until it is over, or take another machine.',
    });
  }

  /** What machines are told from now on, a stream a machine. */
  notices(signal: AbortSignal): readonly AsyncIterable<Notice>[] {
    const all = [...this.#all.values()];
    return all.map((one, at) => this.#heard(one, (at / all.length) * EVERY * 1000, signal));
  }

  /** @param delay ms: thousands don't begin at once */
  async *#heard(one: Listened, delay: number, signal: AbortSignal): AsyncGenerator<Notice> {
    const told = new Told();
    let count = 0;
    try {
      await this.#clock.sleep(delay, signal);
      for (;;) {
        for await (const text of this.#lines(one, signal)) {
          for (const notice of told.news(this.#notices(one.machine, text))) {
            count += 1;
            if (count > NOTICES) return;
            yield notice;
          }
        }
        await this.#clock.sleep(AGAIN, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Lines of one program; its end is theirs. */
  async *#lines({ machine, shell, python }: Listened, signal: AbortSignal): AsyncGenerator<string> {
    // Connected again when something is to run there, not for this.
    if (python === undefined || shell.closed.aborted) return;
    let close: (() => void) | undefined;
    try {
      const argv = [python, '-I', '-S', '-c', await program(), this.#job(machine, EVERY)];
      const channel = await shell.exec(argv, signal);
      close = () => {
        channel.stdin.end();
        channel.close();
      };
      signal.addEventListener('abort', close, { once: true });
      channel.stdin.on('error', () => undefined);
      channel.stderr.resume();
      yield* linesOf(channel.stdout);
    } catch (error) {
      // The connection broke, or ended: there is nothing to hear.
      if (!(error instanceof HarnessError) && !signal.aborted) throw error;
    } finally {
      if (close !== undefined) {
        signal.removeEventListener('abort', close);
        close();
      }
    }
  }

  #job(machine: Machine, every: number): string {
    const { token, headers, paths } = this.#metadata;
    const base =
      this.#standIn === undefined
        ? SERVICE
        : new URL(`/_metadata/${encodeURIComponent(machine.id)}`, this.#standIn).href;
    const job = { base, token, headers, paths, every, repeat: REPEAT, wait: WAIT, most: MOST };
    return JSON.stringify(job);
  }

  #notices(machine: Machine, text: string): readonly Notice[] {
    const parsed = line.safeParse(parse(text));
    if (!parsed.success) return [];
    const said = new Map(Object.entries(parsed.data.said));
    return this.#metadata.read(said, this.#clock.now(), machine).map((one) => ({
      ...one,
      machines: [machine.id],
      detail: printable(one.detail).slice(0, DETAIL),
    }));
  }
}

/** JSON of an answer; undefined: it is none. */
export function parse(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

let known: Promise<string> | undefined;

function program(): Promise<string> {
  known ??= readFile(new URL('payload/metadata.py', import.meta.url), 'utf8');
  return known;
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > LONGEST_LINE) return;
    }
  } catch {
    // A stream that breaks is one that ends.
  }
}
