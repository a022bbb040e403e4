/** How many hosts a slice has. */

/** Chips of a topology ("4x8") over chips of a host ("ct6e-standard-4t", "a4x-highgpu-4g"). */
export function hostsOf(type: string, topology: string): number {
  const chips = topology.split('x').reduce((product, side) => product * Number(side), 1);
  const each = Number(/-(\d+)[gt](?:-|$)/u.exec(type)?.[1] ?? 1);
  return Math.max(1, Math.ceil(chips / each));
}
