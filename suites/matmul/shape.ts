/** How a product's sides are written: as a parameter, and for the payload. */
import type { Shape } from './options.ts';

/** A square as its side, anything else as "m×k×n" with plain x: what criteria name. */
export function shapeName(shape: Shape): number | string {
  if (typeof shape === 'number') return shape;
  const [m, k, n] = shape;
  return m === k && k === n ? m : shape.join('x');
}

/** "MxKxN" for the payload, squares too; from a parameter or an option. */
export function shapeSides(shape: Shape | string): string {
  if (typeof shape === 'string') return shape;
  return (typeof shape === 'number' ? [shape, shape, shape] : shape).join('x');
}
