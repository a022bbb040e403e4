/** What a log shows of transports in use, in the plan's words, and whether that is what the plan claims. */
import type { Options } from '../options.ts';
import type { TransportLog } from './log.ts';

type Transport = NonNullable<Options['transport']>;

/** What was used, as far as lines of use say; an absent field: no line of use speaks of it. */
export interface Used {
  /** Between nodes. */
  readonly transports?: readonly Transport[] | undefined;
  /** Networks that are in none of the plan's words. */
  readonly unknown: readonly string[];
  /** GPU-direct RDMA on the channels between nodes. */
  readonly direct?: 'all' | 'some' | 'none' | undefined;
  /** The switch in the node reduces. */
  readonly nvls?: boolean | undefined;
  /** Switches of the fabric reduce. */
  readonly sharp?: boolean | undefined;
  readonly algorithms: readonly string[];
}

/** A claim held against what was used; undefined: the log has no line of use to hold it against. */
export interface Held {
  readonly ok?: boolean | undefined;
  readonly detail: string;
}

/** Beginnings of the names that networks go by in NCCL's log. */
const NAMES: readonly (readonly [RegExp, Transport])[] = [
  [/^(?:AWS )?Libfabric/iu, 'efa'],
  [/^Socket/iu, 'socket'],
  [/^(?:FasTrak|GPUDirectTCPXO|TCPXO)/iu, 'tcpxo'],
  [/^(?:GPUDirectTCPX|TCPX)/iu, 'tcpx'],
  [/^gIB/u, 'gib'],
];

export function usedOf(log: TransportLog): Used {
  const transports = new Set<Transport>();
  const unknown: string[] = [];
  let [direct, staged] = [0, 0];
  for (const [network, channels] of log.networks) {
    direct += channels.direct;
    staged += channels.staged;
    const transport = transportOf(network, log);
    if (transport === undefined) unknown.push(network);
    else transports.add(transport);
  }
  if (log.multiNode > 0) transports.add('nvlink');
  const algorithms = [...log.chosen.keys()].sort();
  const chose = (word: RegExp) =>
    algorithms.length === 0 ? undefined : algorithms.some((one) => word.test(one));
  const inSwitches = chose(/ COLLNET_| NVLS /u);
  return {
    ...(transports.size > 0 && { transports: [...transports].sort() }),
    unknown: unknown.sort(),
    ...(direct + staged > 0 && {
      direct:
        staged === 0 ? ('all' as const) : direct === 0 ? ('none' as const) : ('some' as const),
    }),
    nvls: chose(/ NVLS(?:_TREE)? /u),
    // Connected is not chosen, and chosen without a connection falls back.
    sharp: inSwitches === undefined ? undefined : inSwitches && log.reducing > 0,
    algorithms,
  };
}

function transportOf(network: string, log: TransportLog): Transport | undefined {
  if (network.startsWith('IB')) {
    const layers = new Set(log.layers.values());
    // Which of the devices a channel takes is in its number; a fabric of both kinds is named by neither.
    if (layers.size !== 1) return undefined;
    return layers.has('RoCE') ? 'roce' : 'ib';
  }
  const known = NAMES.find(([name]) => name.test(network))?.[1];
  if (known !== 'efa') return known;
  // libfabric also runs over tcp.
  const { providers } = log;
  return providers.size === 0 || [...providers].every((one) => one.startsWith('efa'))
    ? 'efa'
    : undefined;
}

/** What the plan says of the way that bytes take. */
export interface Claims {
  readonly transport?: Transport | undefined;
  readonly nvls?: boolean | undefined;
}

/**
 * Every claim that this trial can show.
 *
 * @param between the trial spans nodes: only then does a network show
 */
export function holdClaims(claims: Claims, used: Used, log: TransportLog, between: boolean): Held {
  const parts: Held[] = [];
  if (between) parts.push(heldTransport(claims.transport, used, log));
  if (claims.nvls !== undefined && !between) parts.push(heldNvls(claims.nvls, used));
  const wrong = parts.filter((one) => one.ok === false);
  const open = parts.filter((one) => one.ok === undefined);
  const detail = parts.map((one) => one.detail).join('; ') || describe(used);
  if (wrong.length > 0) return { ok: false, detail };
  return open.length > 0 ? { detail } : { ok: true, detail };
}

function heldTransport(claim: Transport | undefined, used: Used, log: TransportLog): Held {
  const seen = [...(used.transports ?? []), ...used.unknown];
  if (seen.length === 0) {
    const [why = 'no other network was found'] = log.refused;
    const sockets =
      [...log.selected].length > 0 && [...log.selected].every((one) => /^Socket/iu.test(one));
    if (sockets && claim !== undefined && claim !== 'socket' && claim !== 'nvlink') {
      return { ok: false, detail: `claimed ${claim}, selected sockets: ${why}` };
    }
    return { detail: 'no channel between nodes is in the log: what was used is not shown' };
  }
  const shown = `${seen.join(' and ')} (${describe(used)})`;
  const why = [...log.refused][0];
  const because = why === undefined ? '' : `; ${why}`;
  if (claim !== undefined) {
    const ok = seen.length === 1 && seen[0] === claim;
    return { ok, detail: `claimed ${claim}, used ${shown}${ok ? '' : because}` };
  }
  // Nothing claimed: sockets are the network of a node that has no other, and a fall-back where one was refused.
  const fell = seen.includes('socket') && why !== undefined;
  return { ok: !fell, detail: `used ${shown}${fell ? `: a fall-back${because}` : ''}` };
}

function heldNvls(claim: boolean, used: Used): Held {
  if (used.nvls === undefined) {
    return {
      detail: 'no line says which algorithm an operation took: NVLS is neither shown nor excluded',
    };
  }
  return {
    ok: used.nvls === claim,
    detail: `claimed NVLS ${claim ? 'on' : 'off'}, operations took ${used.algorithms.join(', ')}`,
  };
}

/** One line of facts. */
export function describe({ direct, nvls, sharp, algorithms }: Used): string {
  const flag = (name: string, on: boolean | undefined) =>
    `${name} ${on === undefined ? 'not shown' : on ? 'used' : 'not used'}`;
  return [
    `GPU-direct RDMA on ${direct === undefined ? 'no channel seen' : `${direct === 'none' ? 'no' : direct} channels`}`,
    flag('NVLS', nvls),
    flag('SHARP', sharp),
    algorithms.length === 0 ? 'algorithms not shown' : algorithms.join(', '),
  ].join(', ');
}
