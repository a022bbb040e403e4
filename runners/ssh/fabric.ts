/** A recorded output of `ibnetdiscover`, which a tenant may not run and an operator can hand over: host → leaf. */
import { readFile } from 'node:fs/promises';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { HostRow } from './host-row.ts';

/** A switch line: `Switch 40 "S-b8ce…"  # "MF0;leaf-1:MQM8790/U1" …`; other kinds of node begin alike. */
const NODE = /^(Switch|Ca|Rt)\s+\d+\s+"([SHR]-[0-9a-f]{16})"(?:\s+#\s+"([^"]*)")?/u;
/** A port of the node above: `[1] "H-0c42…"[1](…)  # "node01 mlx5_0" lid 5 4xHDR`. */
const PORT =
  /^\[\d+\](?:\([0-9a-f]+\))?\s+"H-[0-9a-f]{16}"\[\d+\](?:\([0-9a-f]+\))?\s+#\s+"([^"]*)"/u;

/**
 * Leaf of each host: the switch that its first adapter (by name) hangs on. Where the adapters of a host hang on
 * different switches, as on a fabric with a plane a rail, this is the first rail's.
 *
 * @param text of `ibnetdiscover`, its topology file
 * @returns host name, as its adapters' descriptions begin → name of the switch
 */
export function leavesOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, { adapter: string; leaf: string }>();
  let leaf: string | undefined;
  for (const line of text.split(/\r?\n/u)) {
    const node = NODE.exec(line);
    if (node !== null) leaf = node[1] === 'Switch' ? switchName(node[3], node[2] ?? '') : undefined;
    const port = leaf === undefined ? null : PORT.exec(line);
    if (port === null || leaf === undefined) continue;
    const [host = '', adapter = ''] = (port[1] ?? '').trim().split(/\s+/u);
    const known = found.get(host);
    if (host !== '' && (known === undefined || adapter < known.adapter)) {
      found.set(host, { adapter, leaf });
    }
  }
  return new Map([...found].map(([host, one]) => [host, one.leaf]));
}

/** `leaf-1` of `MF0;leaf-1:MQM8790/U1`; a description that is the maker's only names no switch. */
function switchName(description: string | undefined, guid: string): string {
  const name = /^[^;]*;([^:;"]+):/u.exec(description ?? '')?.[1]?.trim();
  return name === undefined || name === '' ? guid : name;
}

/**
 * The rows with their leaves; what a row says itself stands.
 *
 * @throws {HarnessError} PLAN_INVALID: a file that can't be read, or that names none of the hosts
 */
export async function withFabric(
  rows: readonly HostRow[],
  path: string,
): Promise<readonly HostRow[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new HarnessError('PLAN_INVALID', `the topology file ${path} can't be read (${code})`, {
      hint: 'Correct the path.',
    });
  }
  const leaves = leavesOf(text);
  const joined = rows.map((row): HostRow => {
    const leaf = leaves.get(row.name) ?? leaves.get(row.name.split('.')[0] ?? '');
    if (leaf === undefined || row.domains.some((domain) => domain.kind === 'leaf')) return row;
    return { ...row, domains: [...row.domains, { kind: 'leaf', id: leaf, from: 'plan' }] };
  });
  if (rows.some((row) => leaves.has(row.name) || leaves.has(row.name.split('.')[0] ?? ''))) {
    return joined;
  }
  throw new HarnessError('PLAN_INVALID', `the topology file ${path} names none of the hosts`, {
    hint: 'Give the output of ibnetdiscover; an adapter’s description begins with its host’s name.',
  });
}
