/** NCCL's RAS report (`ncclras`, NCCL ≥ 2.24): which ranks are missing or behind in a job that hangs. */

/** What a report says of who holds up the others. */
export interface RasReport {
  /** Ranks that have launched fewer operations than most. */
  readonly behind: readonly number[];
  /** Processes that can't be reached, by the address of their node. */
  readonly dead: readonly { readonly address: string; readonly accelerator: number }[];
}

const COUNT =
  /^\s+(\d+) ranks? ha(?:ve|s) (?:launched up to operation (\d+)|not launched any operations)/u;
const OWN = /^\s+Rank (\d+) has launched up to operation (\d+)/u;
const LISTED = /^\s+Rank (\d+) -- GPU/u;
const DEAD = /^\s+Process \d+ on node (\S{1,60}) managing GPU (\d{1,3})/u;
/** More ranks than this is no name any more. */
const MOST = 64;

/** @param text bounded by the payload, from a node: nothing in it is trusted to be well formed */
export function readRas(text: string): RasReport {
  const groups: { operation: number; size: number; ranks: number[] }[] = [];
  const dead: { address: string; accelerator: number }[] = [];
  for (const line of text.split('\n')) {
    const counted = COUNT.exec(line);
    const own = OWN.exec(line);
    const listed = LISTED.exec(line);
    const gone = DEAD.exec(line);
    if (counted !== null) {
      groups.push({ operation: Number(counted[2] ?? 0), size: Number(counted[1]), ranks: [] });
    } else if (own !== null) {
      groups.push({ operation: Number(own[2]), size: 1, ranks: [Number(own[1])] });
    } else if (listed !== null) groups.at(-1)?.ranks.push(Number(listed[1]));
    else if (gone !== null && dead.length < MOST) {
      dead.push({ address: gone[1] ?? '', accelerator: Number(gone[2]) });
    }
  }
  const furthest = Math.max(0, ...groups.map((group) => group.operation));
  const late = groups.filter((group) => group.operation < furthest);
  // It lists outliers only: where the many are behind the few, they are not listed, and nobody is named.
  const named = late.every((group) => group.ranks.length === group.size);
  const behind = named ? late.flatMap((group) => group.ranks).sort((a, b) => a - b) : [];
  return { behind: behind.length <= MOST ? behind : [], dead };
}
