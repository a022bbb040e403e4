/** A printed number and how far its last digit lets it be off. */

export interface Figure {
  readonly value: number;
  /** Half a unit of the last printed digit. */
  readonly slack: number;
  /** As printed, so that a change of unit loses nothing. */
  readonly text: string;
}

/** @returns undefined for anything but a finite, non-negative number: nan, inf, N/A, torn text */
export function figure(text: string): Figure | undefined {
  const parts = /^(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/u.exec(text);
  if (parts === null) return undefined;
  const value = Number(text);
  const slack = 0.5 * 10 ** (Number(parts[3] ?? 0) - (parts[2]?.length ?? 0));
  return Number.isFinite(value) ? { value, slack, text } : undefined;
}

/** The value times a power of ten, exactly as if it had been printed in that unit. */
export function scaled(one: Figure, exponent: number): number {
  const [digits, own = '0'] = one.text.split('e');
  return Number(`${digits}e${Number(own) + exponent}`);
}

/** A number that was not printed but computed by the tool (JSON, six decimals). */
export function sixDecimals(value: number): Figure {
  return { value, slack: 0.5e-6, text: String(value) };
}
