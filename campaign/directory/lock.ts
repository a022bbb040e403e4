/** One writer a run: a lock file that a killed process can't leave behind for ever. */
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { onDisk } from './disk.ts';

interface Holder {
  readonly pid: number;
  /** Start of that process as the kernel counts it: a number given again names another process. */
  readonly started: string;
  readonly host: string;
}

const RUN = {
  what: 'the run is being written',
  hint: 'Wait for it to end, or stop it, then resume.',
};

/**
 * Takes the lock; one whose holder is no longer alive on this machine is taken over.
 *
 * @param path the lock file
 * @param taken says what another process has then, and what to do
 * @returns gives it back
 * @throws {HarnessError} RUN_UNREADABLE while another process writes the run
 */
export async function lock(path: string, taken = RUN): Promise<() => Promise<void>> {
  const own: Holder = {
    pid: process.pid,
    started: (await startOf(process.pid)) ?? '',
    host: hostname(),
  };
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o644);
      await onDisk(path, () => file.writeFile(JSON.stringify(own)));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const holder = await read(path);
    if (holder !== undefined && (await alive(holder))) {
      throw new HarnessError(
        'RUN_UNREADABLE',
        `${taken.what} by process ${holder.pid} on ${holder.host}`,
        { hint: taken.hint, details: { path } },
      );
    }
    await rm(path, { force: true });
  }
}

async function read(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return value as Holder;
  } catch (error) {
    // Killed between making the file and filling it: nobody's.
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function alive(holder: Holder): Promise<boolean> {
  // Another machine's process can't be asked; its lock stands.
  if (holder.host !== hostname()) return true;
  if (holder.pid === process.pid) return holder.started === (await startOf(process.pid));
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
  const started = await startOf(holder.pid);
  return started === undefined || started === holder.started;
}

/** Field 22 of /proc/<pid>/stat, or undefined where there is no /proc. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
