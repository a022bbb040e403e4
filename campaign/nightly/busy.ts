/** The user's own word on which nodes are in use: a program, asked once a night. */
import { HarnessError } from '../../plan/errors.ts';
import { run } from '../../runners/process.ts';

/** Seconds. */
const LIMIT = 120;
/** Bytes of its answer. */
const OUTPUT = 4 * 1024 * 1024;

/**
 * Asks which of these nodes are in use: the program gets their names, one a line, on standard input and
 * prints those that are busy, one a line, and exits 0.
 *
 * @param argv program and arguments, no shell
 * @returns busy names; a name that was not asked for is passed over
 * @throws {HarnessError} TOOL_MISSING where it does not answer: a node that may be in use is not touched
 */
export async function busyNodes(
  argv: readonly [string, ...string[]],
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const ended = await run(argv, {
    limit: LIMIT,
    most: OUTPUT,
    input: names.map((name) => `${name}\n`).join(''),
  });
  if (ended.ended !== 'exited' || ended.code !== 0) {
    const how = ended.ended === 'exited' ? `exit ${ended.code}` : ended.ended;
    throw new HarnessError('TOOL_MISSING', `nightly.busy: ${argv[0]} did not answer (${how})`, {
      hint: 'It gets node names on standard input, prints the busy ones and exits 0; until it does, no node is taken.',
    });
  }
  const asked = new Set(names);
  const lines = ended.stdout
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim());
  return new Set(lines.filter((line) => asked.has(line)));
}
