/**
 * Text of a run as a reader may see it. Escaping is the format's business; this removes what stays
 * harmful after it: control characters (terminal escapes), direction overrides that reorder a
 * sentence, and endless length.
 */

/** Characters shown of one text; a longer one says how long it was. */
const SHOWN = 400;

/** Controls, line separators, lone surrogates and invisible format characters; joiners stay, emoji need them. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

/**
 * One text made safe to look at.
 *
 * @param text anything a node, a plan or a provider said
 * @returns at most about 400 characters, every unseen character written out (`␛`, `⟨U+202E⟩`)
 */
export function legible(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text;
  return cut.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x0a || code === 0x09 || code === 0x0d) return ' ';
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** Legible, and at most so many characters: for places where a long one would push others away. */
export function brief(text: string, most: number): string {
  const clean = legible(text);
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}

/** Text made by us (an SVG, a style sheet) that a deep clean must leave alone. */
export interface Markup {
  toHTML(): string;
}

/** `legible` on every string inside, so that no field can be forgotten; objects with `toHTML` stay. */
export function legibleDeep<T>(value: T): T {
  if (typeof value === 'string') return legible(value) as T;
  if (Array.isArray(value)) return value.map(legibleDeep) as T;
  if (typeof value !== 'object' || value === null || 'toHTML' in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, legibleDeep(one)]),
  ) as T;
}
