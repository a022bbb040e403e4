/** One spelling of a JSON value: equal values, equal bytes, on every Node.js version. */

/** How numbers are written: as JavaScript does, or rounded so that the last bit of a logarithm can't show. */
export interface CanonicalOptions {
  /** Significant digits; absent: exactly as the number is. */
  readonly digits?: number;
  /** Spaces a level; absent: one line. */
  readonly indent?: number;
}

/**
 * JSON with sorted keys; absent (`undefined`) fields are left out.
 *
 * @throws {RangeError} for a number that is not finite: it must not reach a file
 */
export function canonical(value: unknown, options: CanonicalOptions = {}): string {
  return JSON.stringify(ordered(value, options.digits), undefined, options.indent) ?? 'null';
}

/** A whole file: two spaces a level, newline at the end. */
export function canonicalFile(value: unknown, digits?: number): string {
  return `${canonical(value, digits === undefined ? { indent: 2 } : { indent: 2, digits })}\n`;
}

function ordered(value: unknown, digits: number | undefined): unknown {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${value} can't be written to a file`);
    return digits === undefined ? value : Number(value.toPrecision(digits));
  }
  if (Array.isArray(value)) return value.map((item: unknown) => ordered(item, digits));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const sorted: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] !== undefined) sorted[key] = ordered(fields[key], digits);
  }
  return sorted;
}
