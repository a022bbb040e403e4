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
  /** Most memory of the program and all under it at one moment, MiB: shares of shared pages, sampled; −1: not asked for. */
  readonly tree: number;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// wait4 tells of the program and its children together; Node.js can't ask for it.
const WAIT4 = `
import json, os, sys, time

def parents():
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                yield int(name), int(file.read().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            pass

def pss(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, IndexError):
        return 0

def tree(root):
    children = {}
    for pid, parent in parents():
        children.setdefault(parent, []).append(pid)
    open_ids, total = [root], 0
    while open_ids:
        pid = open_ids.pop()
        total += pss(pid)
        open_ids += children.get(pid, [])
    return total / 1024

report, every, argv = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
began = time.monotonic()
pid = os.posix_spawnp(argv[0], argv, os.environ)
most = -1
while True:
    ended, status, used = os.wait4(pid, os.WNOHANG if every else 0)
    if ended:
        break
    most = max(most, tree(pid))
    time.sleep(every)
with open(report, "w") as file:
    json.dump({"cpu": used.ru_utime + used.ru_stime, "seconds": time.monotonic() - began,
               "memory": used.ru_maxrss / 1024, "tree": most,
               "code": os.waitstatus_to_exitcode(status)}, file)
`;

/** Runs a program to its end and gives its cost; `report` is a file that may be written. */
export async function usageOf(
  argv: readonly string[],
  report: string,
  options: {
    readonly input?: string;
    readonly limit: number;
    /** Seconds between two looks at the memory of the whole tree; absent: none. */
    readonly every?: number;
    readonly environment?: Readonly<Record<string, string>>;
  },
): Promise<Usage> {
  const ran = await run(['python3', '-c', WAIT4, report, String(options.every ?? 0), ...argv], {
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
