/** What this machine lets one process hold open, against what a fleet will take: told before the first connect. */
import { readFile } from 'node:fs/promises';
import { HarnessError } from '../../plan/errors.ts';

/** Files of a run beside its connections: journal, evidence, tables, threads, libraries. */
const OWN_FILES = 128;
/** A program's three pipes and its pidfd. */
const FILES_A_PROGRAM = 4;
/** ssh's master and the node's relay over it. */
const PROGRAMS_A_HOST = 2;
/** Threads and helpers of a run beside these. */
const OWN_PROCESSES = 64;

/** What the way to a fleet takes here. */
export interface Demand {
  /** TCP connections of our own. */
  readonly connections: number;
  /** Hosts behind a program of their own: the system's ssh, a proxy command. */
  readonly programs: number;
}

/** Of /proc/self/limits; Infinity where nothing is said. */
export interface Limits {
  readonly files: number;
  readonly processes: number;
}

/** The soft limits, which Node.js raises to the hard ones at its start. */
export async function limitsHere(): Promise<Limits> {
  return readLimits(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
}

/** The table that the kernel prints. */
export function readLimits(table: string): Limits {
  const soft = (name: string) => {
    const said = new RegExp(`^${name}\\s+(\\S+)`, 'mu').exec(table)?.[1];
    return said === undefined || said === 'unlimited' ? Infinity : Number(said);
  };
  return { files: soft('Max open files'), processes: soft('Max processes') };
}

/** @throws {HarnessError} CONTROLLER_LIMIT: nothing was connected to */
export function refuseBeyond(limits: Limits, { connections, programs }: Demand): void {
  const files = OWN_FILES + connections + programs * PROGRAMS_A_HOST * FILES_A_PROGRAM;
  if (files > limits.files) {
    throw short('open files', 'n', limits.files, files, 'name relays, or open fewer hosts a run');
  }
  const processes = OWN_PROCESSES + programs * PROGRAMS_A_HOST;
  if (programs > 0 && processes > limits.processes) {
    const else_ = 'use plain keys, which need no program a host';
    throw short('processes', 'u', limits.processes, processes, else_);
  }
}

function short(what: string, letter: string, has: number, needs: number, otherwise: string) {
  return new HarnessError(
    'CONTROLLER_LIMIT',
    `this fleet takes ${needs} ${what} on this machine, which allows ${has}`,
    {
      hint: `Raise the limit (ulimit -${letter} ${needs}), or ${otherwise}.`,
      details: { needs, has },
    },
  );
}
