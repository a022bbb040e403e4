/** A rank that is stopped, or killed, in a collective over all hosts: who is named, how soon, and who goes on. */
import type { Row } from './bench.ts';
import type { NetworkHosts } from '../test/network-hosts.ts';
import { lotPlan, missRank } from '../test/network-missing.ts';

/** Host whose rank goes missing. */
const HOST = 10;
const NODE = 'n0011';
/** Seconds in which an operation may end: steps.ts, on a CPU. */
const TIME_OUT = 30;

export async function missingRank(
  net: NetworkHosts,
  how: 'stopped' | 'killed',
  limit: number,
): Promise<Row[]> {
  await net.mend();
  const seen = await missRank(net, await lotPlan(net, how), { host: HOST, how, limit });
  return [
    {
      figure: `${how}: who is named, in what`,
      measured: `${seen.suspects.join(', ')}: ${seen.message}`,
      target: `${NODE}, with the operation`,
      met: seen.suspects.join() === NODE && /all_reduce \d+ B/u.test(seen.message),
    },
    {
      figure: `${how}: s from the fault to the end of the trial`,
      measured: seen.seconds.toFixed(1),
      target: `≤ ${TIME_OUT}, one time-out`,
      met: seen.seconds <= TIME_OUT,
    },
    {
      figure: `${how}: nodes of the next collective`,
      measured: seen.after.length,
      target: 'all but the one that is named',
      met: seen.after.length === net.fleet.hosts.length - 1 && !seen.after.includes(NODE),
    },
  ];
}
