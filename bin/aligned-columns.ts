/** Rows under their heads, each column as wide as its widest cell. */
export function alignedColumns(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [heads, ...rows];
  const widths = heads.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
