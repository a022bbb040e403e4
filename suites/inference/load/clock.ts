/** One clock for all threads of the generator: the machine's monotonic one. */

/** Seconds on the monotonic clock, the same in every thread and in other processes of this machine. */
export function clockFrom(): () => number {
  // performance.now() is cheap and counts from the thread's own start; hrtime is the machine's.
  const offset = Number(process.hrtime.bigint()) / 1e9 - performance.now() / 1e3;
  return () => offset + performance.now() / 1e3;
}
