/** A command: one file in bin/commands, imported when it is used. */
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { Io } from './terminal.ts';

/** A command as the dispatcher sees it. */
export interface Command {
  /** Name and positionals, e.g. "accept [plan]". */
  readonly usage: string;
  readonly describe: string;
  /** Command line → what it does; the first is shown in --help. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly options: (yargs: Argv) => Argv;
  /** @returns the exit code, DESIGN.md's */
  readonly run: (args: ArgumentsCamelCase, io: Io) => Promise<number>;
}

/** Types a command's options for its own `run`, and forgets them for the dispatcher. */
export function command<T>(spec: {
  readonly usage: string;
  readonly describe: string;
  readonly examples: Command['examples'];
  readonly options: (yargs: Argv) => Argv<T>;
  readonly run: (args: ArgumentsCamelCase<T>, io: Io) => Promise<number>;
}): Command {
  return spec as unknown as Command;
}
