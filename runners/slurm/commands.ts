/** Slurm's own commands: argv without a shell, without our secrets, patient with a controller that restarts. */
import { setTimeout as pause } from 'node:timers/promises';
import { HarnessError, type ErrorCode } from '../../plan/errors.ts';
import { run } from '../process.ts';
import { printable } from '../session/printable.ts';

/** Seconds for one command. */
const LIMIT = 60;
/** Seconds for which a controller that does not answer is asked again. */
const PATIENCE = 120;
const PAUSE = 1000;
/** Bytes: 10,000 nodes in JSON are some 15 MB. */
const MOST = 256 * 2 ** 20;

/** What Slurm's programs take from our environment; a job of ours around us must not steer the new ones. */
export function slurmEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined &&
      (!/^(?:SLURM|SBATCH|SRUN|SALLOC|SINFO|SQUEUE|SCANCEL)_/u.test(pair[0]) ||
        pair[0] === 'SLURM_CONF'),
  );
  // Times in seconds since 1970, in every version and time zone.
  return { ...Object.fromEntries(kept), SLURM_TIME_FORMAT: '%s' };
}

/** Variables of ours that a program on a node gets; all others, secrets among them, stay here. */
export const EXPORTED = 'PATH,HOME,USER,LOGNAME,LANG,SLURM_CONF';

/**
 * Runs one command to its end, again while the controller does not answer.
 *
 * @param options.input for its standard input
 * @param options.patience seconds, see above
 * @returns its standard output
 * @throws {HarnessError} TOOL_MISSING, PROVIDER_PERMISSION, PROVIDER_INVALID, PROVIDER_TRANSIENT
 */
export async function slurm(
  argv: readonly [string, ...string[]],
  options: {
    readonly input?: string;
    readonly patience?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<string> {
  const until = performance.now() + (options.patience ?? PATIENCE) * 1000;
  for (;;) {
    const ran = await run(argv, {
      limit: LIMIT,
      most: MOST,
      environment: slurmEnvironment(),
      environmentOnly: true,
      ...(options.input !== undefined && { input: options.input }),
      ...(options.signal !== undefined && { signal: options.signal }),
    });
    options.signal?.throwIfAborted();
    if (ran.ended === 'exited' && ran.code === 0) return ran.stdout.toString('utf8');
    if (ran.ended === 'not-started') {
      throw new HarnessError('TOOL_MISSING', `${argv[0]} can't be run here (${ran.code})`, {
        hint: "Run assay where Slurm's commands are (a login node), or put them into PATH.",
      });
    }
    const said = ran.stderr.toString('utf8');
    const how = ran.ended === 'exited' ? `exit ${ran.code}` : ran.ended;
    const error = refusal(argv[0], said, how);
    // A command past its limit waited for the controller as well.
    const waiting = error.code === 'PROVIDER_TRANSIENT' || ran.ended === 'timed-out';
    if (!waiting || performance.now() >= until) throw error;
    await pause(PAUSE, undefined, options.signal && { signal: options.signal });
  }
}

const WORDS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /unable to contact slurm controller|socket timed out|connection (?:refused|timed out)|zero bytes were|slurm backup controller/iu,
    'PROVIDER_TRANSIENT',
    'slurmctld does not answer: look at it, then assay resume.',
  ],
  [
    /permission denied|invalid user id|authentication error|not permitted|munge|only slurm/iu,
    'PROVIDER_PERMISSION',
    'Ask the cluster for the right, or use an account that has it.',
  ],
];

/** What a command that failed said, as ours. */
export function refusal(program: string, said: string, how: string): HarnessError {
  const words = printable(said.trim().split('\n').slice(-3).join('; '));
  const [, code, hint] = WORDS.find(([pattern]) => pattern.test(said)) ?? [
    undefined,
    'PROVIDER_INVALID' as const,
    'Correct the fleet block (partition, account, qos, reservation, nodes), or look at the cluster.',
  ];
  return new HarnessError(code, `${program}: ${words === '' ? how : words}`, { hint });
}
