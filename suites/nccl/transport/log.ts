/**
 * NCCL's debug log (INIT, NET, GRAPH, TUNING) → what was used. A line that says what could be used proves nothing:
 * "NVLS multicast support is available" stands in the log of runs that never touch it, and `mlx5_0:1/IB/SHARP` names a
 * port that is able to. Use is shown by connected channels (`via NET/…`) and by the algorithm chosen for an operation.
 */

/** What one process's log, or several, came to. */
export interface TransportLog {
  /** "2.23.4+cuda12.4" */
  readonly versions: ReadonlySet<string>;
  /** Channels between nodes by network and way: "NET/IB" → with and without GPU-direct RDMA. */
  readonly networks: ReadonlyMap<string, { readonly direct: number; readonly staged: number }>;
  /** Link layer of each device as its network names it: "mlx5_0" → "IB" or "RoCE". */
  readonly layers: ReadonlyMap<number, string>;
  /** Providers that libfabric's plugin selected: "efa". */
  readonly providers: ReadonlySet<string>;
  /** Channels through NVLink between nodes (MNNVL). */
  readonly multiNode: number;
  /** Connections into the switches' reduction (CollNet, SHARP). */
  readonly reducing: number;
  /** Operations by collective, algorithm and protocol: "AllReduce RING SIMPLE" → times. */
  readonly chosen: ReadonlyMap<string, number>;
  /** Why a network was not used that was tried: "NET/OFI Initializing plugin failed". */
  readonly refused: ReadonlySet<string>;
  /** Networks that communicators said they would use: against a claim this speaks, for one it proves nothing. */
  readonly selected: ReadonlySet<string>;
}

/** Reads lines one by one; what it keeps is bounded. */
export interface TransportReader {
  /** @returns whether it is a line of use */
  line(text: string): boolean;
  readonly seen: TransportLog;
}

/** src/include/nccl_common.h: numbers of NCCL 2.14 to 2.24, names since. */
const ALGORITHMS = ['TREE', 'RING', 'COLLNET_DIRECT', 'COLLNET_CHAIN', 'NVLS', 'NVLS_TREE', 'PAT'];
const PROTOCOLS = ['LL', 'LL128', 'SIMPLE'];

/** Distinct entries kept of each kind: a log has a handful. */
const MOST = 64;

const VERSION = /NCCL version (\d+\.\d+\.\d+\S{0,40})/u;
const CHANNEL =
  /\b(?:Channel|Ring|Tree|NVLS) \d+(?:\/\d+)? : .{1,60}? via NET\/([^/]{1,40})\/(\d+)\S*?(\/GDRDMA\S*)?(?:\s|$)/u;
const SELECTED = /\bUsing network (\S.{0,39})$/u;
const MULTI_NODE = /\bvia P2P\/MNNVL/u;
const REDUCING = /\bCollNet \d+(?:\/\d+)? : .{1,60}? via COLLNET\/([^/\s]{1,40})/u;
const CHOSEN = /NCCL INFO (?:(\w{1,30}): )?(\d+) Bytes -> Algo (\w{1,20}) proto (\w{1,10})(?: |$)/u;
const DEVICE = /\[(\d+)\](\S{1,40}?):\d+\/(IB|RoCE)\b/gu;
const PROVIDER = /NET\/OFI Selected [Pp]rovider is (\w{1,30})/u;
const REFUSED =
  /(NET\/\w+ (?:Initializing plugin failed|aws-ofi-nccl initialization failed|.{0,40}No eligible providers.{0,40})|NET\/Plugin ?: Failed to (?:load|initialize).{0,80}|Failed to open libibverbs\S*)/iu;

export function transportReader(): TransportReader {
  const versions = new Set<string>();
  const networks = new Map<string, { direct: number; staged: number }>();
  const layers = new Map<number, string>();
  const providers = new Set<string>();
  const chosen = new Map<string, number>();
  const refused = new Set<string>();
  const selected = new Set<string>();
  let multiNode = 0;
  let reducing = 0;
  const keep = (set: Set<string>, text: string | undefined) => {
    if (text !== undefined && set.size < MOST) set.add(text.trim());
  };
  return {
    line(text) {
      const channel = CHANNEL.exec(text);
      if (channel !== null) {
        const [, network = '', , direct] = channel;
        const known = networks.get(network) ?? { direct: 0, staged: 0 };
        if (networks.size < MOST) networks.set(network, known);
        known[direct === undefined ? 'staged' : 'direct'] += 1;
        return true;
      }
      const choice = CHOSEN.exec(text);
      if (choice !== null) {
        const [, collective = 'operation', , algorithm = '', protocol = ''] = choice;
        const key = `${collective} ${named(ALGORITHMS, algorithm)} ${named(PROTOCOLS, protocol)}`;
        if (chosen.has(key) || chosen.size < MOST) chosen.set(key, (chosen.get(key) ?? 0) + 1);
        return true;
      }
      const between = MULTI_NODE.test(text);
      if (between) multiNode += 1;
      if (REDUCING.test(text)) reducing += 1;
      const selects = SELECTED.exec(text)?.[1];
      keep(selected, selects);
      keep(versions, VERSION.exec(text)?.[1]);
      keep(providers, PROVIDER.exec(text)?.[1]?.toLowerCase());
      keep(refused, REFUSED.exec(text)?.[1]);
      if (text.includes('NET/IB : Using')) {
        for (const [, index = '', , layer = ''] of text.matchAll(DEVICE)) {
          if (layers.size < MOST) layers.set(Number(index), layer);
        }
      }
      return between || selects !== undefined;
    },
    seen: {
      versions,
      networks,
      layers,
      providers,
      chosen,
      refused,
      selected,
      get multiNode() {
        return multiNode;
      },
      get reducing() {
        return reducing;
      },
    },
  };
}

/** Older versions print numbers. */
function named(names: readonly string[], word: string): string {
  return /^\d+$/u.test(word) ? (names[Number(word)] ?? word) : word.toUpperCase();
}
