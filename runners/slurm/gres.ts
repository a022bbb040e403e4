/** GPUs as Slurm counts them. */

/**
 * GPUs of a node by its configured GRES: "gpu:h100:8(S:0-1),nic:8" is 8; several types add up.
 *
 * @returns undefined where it promises none
 */
export function gpusOf(gres: string): number | undefined {
  let total = 0;
  // Commas inside brackets belong to the socket list.
  for (const part of gres.replaceAll(/\([^)]*\)/gu, '').split(',')) {
    const [name, ...rest] = part.trim().split(':');
    if (name !== 'gpu') continue;
    const count = Number(rest.at(-1) ?? 1);
    total += Number.isInteger(count) ? count : 1;
  }
  return total > 0 ? total : undefined;
}

/** What a job on these nodes asks for; undefined: they differ, or have none. */
export function gresFor(all: readonly string[]): string | undefined {
  const counts = new Set(all.map(gpusOf));
  const [count] = counts;
  return counts.size === 1 && count !== undefined ? `gpu:${count}` : undefined;
}
