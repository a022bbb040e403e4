/** One line of CSV as RFC 4180 has it. */

type Cell = string | number | boolean | undefined;

/** Cells, quoted where they must be, and the line's end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

/** Text that a spreadsheet would run as a formula gets a quote in front; a number stays one. */
function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const tame = /^[=+\-@\t\r]/u.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/u.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}
