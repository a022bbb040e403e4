/** on-reject and on-accept: the owner's own program, told in JSON on its standard input. */
import { run } from '../runners/process.ts';
import { canonical } from './directory/canonical.ts';
import type { Journal } from './journal.ts';

/** Seconds that a hook may take. */
const LIMIT = 60;
/** Bytes of its output that are kept. */
const OUTPUT = 64 * 1024;

/** Runs hooks one after the other, beside the run; a failing one is on record and stops nothing. */
export class Hooks {
  readonly #journal: Journal;
  readonly #warn: (message: string) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(journal: Journal, warn: (message: string) => void) {
    this.#journal = journal;
    this.#warn = warn;
  }

  /**
   * Queues one call.
   *
   * @param argv program and arguments, no shell; absent: nothing is called
   * @param message what it gets
   */
  call(
    hook: 'on-reject' | 'on-accept',
    argv: readonly string[] | undefined,
    message: object,
  ): void {
    const [program, ...rest] = argv ?? [];
    if (program === undefined) return;
    this.#last = this.#after(this.#last, hook, [program, ...rest], message);
    // Shown by `settled`.
    this.#last.catch(() => undefined);
  }

  async #after(
    last: Promise<void>,
    hook: 'on-reject' | 'on-accept',
    argv: readonly [string, ...string[]],
    message: object,
  ): Promise<void> {
    await last;
    const input = `${canonical(message)}\n`;
    const ended = await run(argv, { limit: LIMIT, most: OUTPUT, input });
    const result = ended.ended === 'exited' ? `exit ${ended.code}` : ended.ended;
    if (result !== 'exit 0') this.#warn(`${hook} ${argv[0]}: ${result}`);
    await this.#journal.append({ event: 'hook', hook, result });
  }

  /** When all calls have ended. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
