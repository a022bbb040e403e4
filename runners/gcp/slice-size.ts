/** How many hosts a slice has. */

/** Generations of the TPU API: the plan's word, the API's. */
export const TPU_TYPES: Readonly<Record<string, string>> = {
  v4: 'V4',
  v5e: 'V5LITE_POD',
  v5p: 'V5P',
  v6e: 'V6E',
};

/** Chips of a topology ("4x8") over chips of a host ("ct6e-standard-4t", "a4x-highgpu-4g", "v4"). */
export function hostsOf(type: string, topology: string): number {
  const chips = topology.split('x').reduce((product, side) => product * Number(side), 1);
  return Math.max(1, Math.ceil(chips / chipsOfHost(type, chips)));
}

function chipsOfHost(type: string, chips: number): number {
  if (!Object.hasOwn(TPU_TYPES, type)) return Number(/-(\d+)[gt](?:-|$)/u.exec(type)?.[1] ?? 1);
  // Up to eight chips of v5e and v6e are one host.
  return /^v[56]e$/u.test(type) && chips <= 8 ? chips : 4;
}
