/** Text as one word of a POSIX shell. */

/** Single quotes: nothing inside is special to a shell, whatever a node once said. */
export function word(text: string): string {
  if (text.includes('\0')) throw new TypeError('a shell word has no NUL');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
