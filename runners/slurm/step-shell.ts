/** A node inside a job of ours as a Shell: each program is a step of its own beside the others. */
import { Transform, type TransformCallback } from 'node:stream';
import { spawn } from '../process.ts';
import type { Gate } from '../session/gate.ts';
import { printable } from '../session/printable.ts';
import type { Channel, ChannelEnd, Shell } from '../session/shell.ts';
import { EXPORTED, slurmEnvironment } from './commands.ts';

/** How steps are started. */
export interface StepTerms {
  readonly job: string;
  readonly node: string;
  /** All of the node's: a step gets one otherwise. */
  readonly cpus: number;
  /** "gpu:8": a job that has them because it is exclusive does not hand them to its steps. */
  readonly gres?: string | undefined;
  /** pyxis: flags of srun. */
  readonly flags: readonly string[];
  /** Apptainer: words in front of every program. */
  readonly prefix: readonly string[];
  /** Steps that are on their way to their start at once. */
  readonly pace: Gate;
}

/** Said by the step before its program: what comes before this is srun's, and so is an exit without it. */
const BEGUN = 'assay-step-begun\n';
const BEGIN = String.raw`printf 'assay-step-begun\n' && exec "$@"`;

/** The command line of one step. */
export function stepArgv(
  terms: StepTerms,
  argv: readonly string[],
): readonly [string, ...string[]] {
  return [
    'srun',
    `--jobid=${terms.job}`,
    '--overlap',
    '--nodes=1',
    '--ntasks=1',
    `--nodelist=${terms.node}`,
    `--cpus-per-task=${terms.cpus}`,
    '--cpu-bind=none',
    '--mem=0',
    '--mpi=none',
    // Bytes as they come: Slurm keeps back what is not a whole line otherwise.
    '--unbuffered',
    '--quiet',
    `--export=${EXPORTED}`,
    '--chdir=/',
    ...(terms.gres === undefined ? [] : [`--gres=${terms.gres}`]),
    ...terms.flags,
    ...terms.prefix,
    'sh',
    '-c',
    BEGIN,
    'assay',
    ...argv,
  ];
}

/**
 * A Shell over srun.
 *
 * @param gone aborted when the node is no longer the job's
 */
export function stepShell(terms: StepTerms, gone: AbortSignal): Shell {
  const closed = new AbortController();
  const close = () => closed.abort();
  if (gone.aborted) close();
  gone.addEventListener('abort', close, { once: true });
  return {
    closed: closed.signal,
    async exec(argv, signal): Promise<Channel> {
      const leave = await terms.pace(signal);
      const stop = new AbortController();
      const running = spawn(stepArgv(terms, argv), {
        environment: slurmEnvironment(),
        environmentOnly: true,
        signal: stop.signal,
      });
      const begun = new Begun(leave);
      running.stdout.on('error', (error) => begun.destroy(error));
      running.stdout.pipe(begun);
      let said = '';
      running.stderr.on('data', (bytes: Buffer) => {
        said = (said + bytes.toString('utf8')).slice(-2000);
      });
      const end = running.end.then((ended): ChannelEnd => {
        leave();
        if (!begun.seen) close();
        // Above 128 it was ended by a signal: somebody else's, or Slurm's with the step.
        if (begun.seen && ended.ended === 'exited' && ended.code <= 128)
          return { code: ended.code };
        const how = ended.ended === 'exited' ? `exit ${ended.code}` : ended.ended;
        return { lost: `step on ${terms.node} ended: ${printable(said.trim()) || how}` };
      });
      return {
        stdin: running.stdin,
        stdout: begun,
        stderr: running.stderr,
        end,
        close: () => stop.abort(),
      };
    },
    async close() {
      gone.removeEventListener('abort', close);
      close();
    },
  };
}

/** Takes the greeting off the front; what came before it was not the program's. */
class Begun extends Transform {
  seen = false;
  #held: Buffer = Buffer.alloc(0);
  readonly #told: () => void;

  constructor(told: () => void) {
    super();
    this.#told = told;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.seen) {
      done(null, chunk);
      return;
    }
    this.#held = Buffer.concat([this.#held, chunk]).subarray(-65_536);
    const at = this.#held.indexOf(BEGUN);
    if (at < 0) {
      done();
      return;
    }
    this.seen = true;
    this.#told();
    done(null, this.#held.subarray(at + BEGUN.length));
  }
}
