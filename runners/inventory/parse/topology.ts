/** `nvidia-smi topo -m`: how GPUs and NICs reach each other inside a node. */
import { stripVTControlCharacters } from 'node:util';

export interface Topology {
  /** Column heads that are devices: GPU0 … NIC0 … */
  readonly devices: readonly string[];
  /** Path from one device to another ("NV18", "PIX", "SYS", …); undefined where not shown. */
  path(from: string, to: string): string | undefined;
  readonly numa: Readonly<Record<string, string>>;
}

/** @returns undefined where there is no matrix in the text */
export function parseTopology(text: string): Topology | undefined {
  // Some drivers underline the heads with terminal escapes.
  const plain = stripVTControlCharacters(text);
  const lines = plain.split('\n').map((line) => line.split('\t').map((cell) => cell.trim()));
  const start = lines.findIndex((cells) => cells[1] === 'GPU0');
  const heads = lines[start]?.slice(1) ?? [];
  const devices = heads.filter((head) => /^(?:GPU|NIC|mlx)\S*$/u.test(head) && !head.includes(' '));
  if (devices.length === 0) return undefined;
  const affinity = heads.indexOf('NUMA Affinity');
  const rows = new Map<string, readonly string[]>();
  const numa: Record<string, string> = {};
  for (const [name = '', ...cells] of lines.slice(start + 1)) {
    if (!devices.includes(name)) continue;
    rows.set(name, cells);
    const of = affinity < 0 ? undefined : cells[affinity];
    if (of !== undefined && of !== '') numa[name] = of;
  }
  return {
    devices,
    numa,
    path: (from, to) => rows.get(from)?.[devices.indexOf(to)] || undefined,
  };
}
