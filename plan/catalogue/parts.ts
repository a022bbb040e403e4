/** Every part that the catalogue knows, and how a driver's model names lead to one. */
import type { Part } from '../model.ts';
import { instinct } from './amd-instinct.ts';
import { cpuReference } from './cpu-reference.ts';
import { tpu } from './google-tpu.ts';
import { ampere } from './nvidia-ampere.ts';
import { blackwell } from './nvidia-blackwell.ts';
import { hopper } from './nvidia-hopper.ts';

/** All parts, by family. */
export const parts: readonly Part[] = [
  ...ampere,
  ...hopper,
  ...blackwell,
  ...instinct,
  ...tpu,
  cpuReference,
];

/** The part with this catalogue id; undefined where the catalogue has none. */
export function partById(sku: string): Part | undefined {
  return parts.find((part) => part.sku === sku);
}

/**
 * The part that all of a node's accelerators are.
 *
 * @param models names as the driver prints them, e.g. "NVIDIA H100 80GB HBM3", one an accelerator
 * @returns undefined for none, for an unknown one, and for a mixture
 */
export function partFor(models: readonly string[]): Part | undefined {
  const [first, ...rest] = models.map((model) => parts.find((part) => isModel(part, model)));
  return rest.every((part) => part === first) ? first : undefined;
}

/** Whether a driver's model name is this part's. */
export function isModel(part: Part, model: string): boolean {
  const name = model.toLowerCase();
  const holds = (word: string) => name.includes(word.toLowerCase());
  return part.models.some((words) => words.every(holds)) && !(part.not ?? []).some(holds);
}
