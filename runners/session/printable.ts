/** Names and texts from outside, for people's eyes. */

/** The text with nothing in it that a terminal would act on. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '\u{fffd}');
}
