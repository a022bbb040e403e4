/** What a program and its children cost: processor time and memory, by the kernel's account. */
import { readFile } from 'node:fs/promises';
import { run } from '../runners/process.ts';

/** Cost of one program with all children that it waited for. */
export interface Usage {
  /** User and system, s. */
  readonly cpu: number;
  /** Wall clock, s. */
  readonly seconds: number;
  /** Largest resident size of the program or of one of its children, MiB. */
  readonly memory: number;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// wait4 tells of the program and its children together; Node.js can't ask for it.
const WAIT4 = `
import json, os, sys, time
began = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    json.dump({"cpu": used.ru_utime + used.ru_stime, "seconds": time.monotonic() - began,
               "memory": used.ru_maxrss / 1024, "code": os.waitstatus_to_exitcode(status)}, file)
`;

/** Runs a program to its end and gives its cost; `report` is a file that may be written. */
export async function usageOf(
  argv: readonly string[],
  report: string,
  options: {
    readonly input?: string;
    readonly limit: number;
    readonly environment?: Readonly<Record<string, string>>;
  },
): Promise<Usage> {
  const ran = await run(['python3', '-c', WAIT4, report, ...argv], {
    limit: options.limit,
    ...(options.input !== undefined && { input: options.input }),
    environment: { SSH_AUTH_SOCK: '', ...options.environment },
  });
  if (ran.ended !== 'exited' || ran.code !== 0) {
    throw new Error(`${argv[0] ?? ''}: ${ran.ended}: ${ran.stderr.toString()}`);
  }
  const told = JSON.parse(await readFile(report, 'utf8')) as Omit<Usage, 'stdout' | 'stderr'>;
  return { ...told, stdout: ran.stdout.toString('latin1'), stderr: ran.stderr.toString('latin1') };
}
