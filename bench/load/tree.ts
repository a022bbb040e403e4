/** Processor time of all programs that a bench has started, moment by moment: what a start costs is told from what a load costs. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of /proc a second: Linux' own on every machine that Node.js runs on. */
const TICKS = 100;
/** ms between two looks. */
const EVERY = 200;

/** One look. */
interface Look {
  /** Seconds on the machine's monotonic clock. */
  readonly at: number;
  /** Processor seconds of all together, children that have ended included. */
  readonly cpu: number;
}

/**
 * Looks at the descendants of this process until `stop`.
 *
 * @param without a process (and what it started) that is not counted
 * @returns stop: gives the processor seconds between two moments of the monotonic clock
 */
export function watchTree(without: number): { stop(): (from: number, to: number) => number } {
  const looks: Look[] = [];
  const look = () => {
    looks.push({ at: Number(process.hrtime.bigint()) / 1e9, cpu: treeCpu(process.pid, without) });
  };
  look();
  const timer = setInterval(look, EVERY);
  return {
    stop() {
      clearInterval(timer);
      look();
      return (from, to) => cpuAt(looks, to) - cpuAt(looks, from);
    },
  };
}

/** Between two looks, evenly. */
function cpuAt(looks: readonly Look[], moment: number): number {
  const after = looks.findIndex(({ at }) => at >= moment);
  const [low, high] = [looks[after - 1], looks[after]];
  if (low === undefined || high === undefined) throw new Error('nobody looked then');
  return low.cpu + ((high.cpu - low.cpu) * (moment - low.at)) / (high.at - low.at);
}

function treeCpu(root: number, without: number): number {
  const children = new Map<number, { readonly pid: number; readonly cpu: number }[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      // A program's name may have blanks and brackets in it.
      const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const [, parent] = words;
      const ticks = words.slice(11, 15).reduce((sum, word) => sum + Number(word), 0);
      const own = children.get(Number(parent)) ?? [];
      children.set(Number(parent), own);
      own.push({ pid: Number(name), cpu: ticks / TICKS });
    } catch {
      // It has ended.
    }
  }
  const below = (pid: number): number =>
    (children.get(pid) ?? [])
      .filter((one) => one.pid !== without)
      .reduce((sum, one) => sum + one.cpu + below(one.pid), 0);
  return below(root);
}
