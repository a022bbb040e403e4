/**
 * The load generator against the reference server, each on a core of its own: figures beside the server's own
 * log, what it costs beside aiperf, guidellm and `vllm bench serve` in the same run, and what it does when it
 * is too slow. `--part truth|stall|peers|overload|third` for one of them; `--peers DIR` where the venvs are or go.
 */
import type { Bench, Row } from './bench.ts';
import { overload } from './load/overload.ts';
import { peers } from './load/peers.ts';
import { stall } from './load/stall.ts';
import { third } from './load/third.ts';
import { truth } from './load/truth.ts';

const PARTS = { truth, stall, peers, overload, third } as const;

export const bench: Bench = async (words) => {
  const at = words.indexOf('--part');
  const wanted = at < 0 ? undefined : words[at + 1];
  const rows: Row[] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted !== undefined && wanted !== name) continue;
    rows.push(...(await part(words)));
  }
  return rows;
};
