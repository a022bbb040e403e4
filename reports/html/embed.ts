/** JSON inside a page: data that can't end its own script element. */

/**
 * JSON for `<script type="application/json">`: no `<`, no U+2028 or U+2029 as such.
 *
 * @param value anything that JSON can say
 */
export function embed(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
