/** OpenSSH's ssh-keygen, which signs and checks: agents and hardware keys work because it does it. */
import { HarnessError } from '../../plan/errors.ts';
import { run, type Ran } from '../../runners/process.ts';

/** What a signature is for: one over a git commit or an e-mail is none over a run. */
export const NAMESPACE = 'assay-run';

/** Seconds: a person may have to touch a key or type a passphrase. */
const LIMIT = 120;

/**
 * Runs `ssh-keygen -Y …` with a file on its standard input.
 *
 * @throws {HarnessError} TOOL_MISSING
 */
export async function keygen(
  words: readonly string[],
  input: Uint8Array,
  signal?: AbortSignal,
): Promise<Ran> {
  const ran = await run(['ssh-keygen', '-Y', ...words], {
    limit: LIMIT,
    input,
    // Times are given and told in UTC, words in English, wherever this runs.
    environment: { TZ: 'UTC', LC_ALL: 'C' },
    ...(signal && { signal }),
  });
  if (ran.ended !== 'not-started') return ran;
  throw new HarnessError('TOOL_MISSING', `ssh-keygen can't be started (${ran.code})`, {
    hint: 'Install the OpenSSH client (8.2 or newer); signatures are its files.',
  });
}

/** Whether a program ended well. */
export function succeeded(ran: Ran): boolean {
  return ran.ended === 'exited' && ran.code === 0;
}

/** What a program complained about, in one line. */
export function complaint(ran: Ran): string {
  const lines = ran.stderr
    .toString('utf8')
    .split(/\r?\n/u)
    .filter((line) => line.trim() !== '');
  return lines.at(-1)?.slice(0, 300) ?? ran.ended;
}
