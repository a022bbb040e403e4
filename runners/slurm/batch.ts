/** The job that holds nodes: what is asked of sbatch, and the script that ends it when nobody comes. */
import { slurm, EXPORTED } from './commands.ts';
import { HarnessError } from '../../plan/errors.ts';

/** What all jobs of a run ask for. */
export interface JobTerms {
  readonly name: string;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly reservation?: string | undefined;
  readonly nice?: number | undefined;
  /** Seconds. */
  readonly timeLimit: number;
  /** Seconds without any step after which the job ends itself. */
  readonly idle: number;
}

/**
 * Ends when no step has run in it for the time given: a controller that was killed leaves none behind,
 * its srun lose their input and end. Where squeue can't tell, the job's own time limit ends it.
 *
 * @param idle seconds
 */
export function holdingScript(idle: number): string {
  const every = Math.max(1, Math.min(30, Math.floor(idle / 4)));
  const most = Math.ceil(idle / every);
  return [
    '#!/bin/sh',
    '# Holds nodes for assay; ends when nobody has worked on them for a while.',
    'quiet=0',
    `while [ "$quiet" -lt ${most} ]; do`,
    `  sleep ${every} & wait $!`,
    '  steps=$(squeue --noheader --steps --jobs="$SLURM_JOB_ID" -o %i 2>/dev/null) || continue',
    String.raw`  if printf '%s\n' "$steps" | grep -q '\.[0-9][0-9]*$'; then quiet=0; else quiet=$((quiet + 1)); fi`,
    'done',
    '',
  ].join('\n');
}

/** The command line of sbatch; the script comes on its standard input. */
export function sbatchArgv(
  terms: JobTerms,
  nodes: readonly string[],
  gres: string | undefined,
): readonly [string, ...string[]] {
  const given = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${key}=${value}`];
  return [
    'sbatch',
    '--parsable',
    `--job-name=${terms.name}`,
    `--nodes=${nodes.length}`,
    `--nodelist=${nodes.join(',')}`,
    '--ntasks-per-node=1',
    '--exclusive',
    '--mem=0',
    // One node that fails is not the end of the others; a job that comes again is not the same trial.
    '--no-kill',
    '--no-requeue',
    `--time=${Math.max(1, Math.ceil(terms.timeLimit / 60))}`,
    `--export=${EXPORTED}`,
    '--chdir=/',
    '--input=/dev/null',
    '--output=/dev/null',
    '--error=/dev/null',
    ...given('partition', terms.partition),
    ...given('account', terms.account),
    ...given('qos', terms.qos),
    ...given('reservation', terms.reservation),
    ...given('nice', terms.nice),
    ...given('gres', gres),
  ];
}

/** Submits a holding job. @returns its id @throws {HarnessError} as `slurm` */
export async function submit(
  terms: JobTerms,
  nodes: readonly string[],
  gres: string | undefined,
  signal?: AbortSignal,
): Promise<string> {
  const input = holdingScript(terms.idle);
  const said = await slurm(sbatchArgv(terms, nodes, gres), { input, ...(signal && { signal }) });
  const id = /^(\d+)(?:;|\s|$)/u.exec(said.trim())?.[1];
  if (id !== undefined) return id;
  throw new HarnessError('OUTPUT_UNREADABLE', `sbatch says ${JSON.stringify(said.slice(0, 200))}`, {
    hint: 'Look whether a job was submitted: squeue --me.',
  });
}
