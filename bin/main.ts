/**
 * The command line: finds the command, imports only that one, maps what comes out to an exit code.
 * Expected failures are HarnessErrors; anything else is a bug and goes up to bin/assay.js (exit 70).
 */
import { existsSync } from 'node:fs';
import { HarnessError } from '../plan/errors.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { printable, processIo, style, type Io } from './terminal.ts';
import { version } from './version.ts';

/** Exit status of a usage error. */
const USAGE = 2;
const SIGNALLED = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs one command line.
 *
 * @param argv arguments after the program's name
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const io = processIo(argv.includes('--json'));
  try {
    const code = await dispatch(argv, io);
    const interrupted = io.interruptedBy();
    if (interrupted !== undefined) return SIGNALLED[interrupted];
    const file = io.verdictFile();
    if (code === 1 && (file === undefined || !existsSync(file))) {
      throw new Error('exit 1 was asked for and no verdict is on disk');
    }
    return code;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    tell(error, io);
    const interrupted = io.interruptedBy();
    return interrupted === undefined ? error.exitCode : SIGNALLED[interrupted];
  } finally {
    io.dispose();
  }
}

function tell(error: HarnessError, io: Io): void {
  if (io.json) {
    const { code, message, hint, details } = error;
    io.event({ event: 'error', code, message, hint, details });
  }
  io.err(`${style(io, 'red', 'error:')} ${printable(error.message)}`);
  if (error.hint !== '') io.err(`  ${printable(error.hint)}`);
  const { run } = error.details;
  if (typeof run === 'string')
    io.err(`  The run is kept; go on with: assay resume ${printable(run)}`);
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const { default: yargs } = await import('yargs');
  let code: number | undefined;
  const name = argv.find((word) => !word.startsWith('-'));
  const parser = yargs([])
    .scriptName('assay')
    .usage('$0 COMMAND\n\nDecides whether newly delivered GPU capacity is what was paid for.')
    .strict()
    .demandCommand(1, 'Name a command.')
    .recommendCommands()
    .option('json', { type: 'boolean', describe: 'For machines: JSON on standard output' })
    .version(version())
    .help()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      if (error instanceof HarnessError) throw error;
      // yargs hands over what a handler threw as well: that is a bug, unless it is ours.
      if (error !== undefined && error !== null && error.name !== 'YError') throw error;
      throw new HarnessError('USAGE', message ?? error?.message ?? 'wrong usage', {
        hint: `See: assay ${name !== undefined && name in commands ? `${name} ` : ''}--help`,
      });
    });
  for (const [id, line] of Object.entries(commands)) {
    if (id !== name) {
      parser.command(id, line.describe);
      continue;
    }
    const loaded: Command = await line.load();
    parser.command(
      loaded.usage,
      loaded.describe,
      (builder) => {
        for (const [line, what] of loaded.examples) builder.example(`assay ${line}`, what);
        return loaded.options(builder);
      },
      async (args) => {
        code = await loaded.run(args, io);
      },
    );
  }
  let printed = '';
  await parser.parseAsync([...argv], {}, (error, _parsed, output) => {
    printed = output;
    // What a handler rejects with arrives here too; `parseAsync` rejects with it by itself.
    if (error !== undefined && error !== null) printed = '';
  });
  if (printed !== '') io.out(printed);
  // --help and --version end here without a handler having run.
  return code ?? (printed === '' ? USAGE : 0);
}
