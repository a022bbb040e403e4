/** Whether a row's own figures can belong to a collective. */
import { busbwFactor, isSplit, type AnyCollective } from '../collectives.ts';
import type { Figure } from './figure.ts';
import { typeOf, type Cell, type Row, type Table } from './table.ts';

/** Slack for the tool's own rounding in double precision. */
const RELATIVE = 1e-6;

/**
 * Recomputes algbw and busbw from size and time, within what the printed digits leave open.
 *
 * @returns what contradicts, or undefined
 * @see STATISTICS.md 6.2
 */
export function contradiction(
  row: Row,
  collective: AnyCollective,
  ranks: number,
): string | undefined {
  const width = typeOf(row.type)?.width ?? 0;
  const parts = isSplit(collective) ? [ranks, 1] : [1];
  const counted = row.count * width;
  // Early versions print the whole array's count where later ones print a rank's.
  if (collective !== 'alltoallv' && !parts.some((part) => counted * part === row.size)) {
    return `${row.count} × ${width} B are not ${row.size} B of ${collective} on ${ranks} ranks`;
  }
  for (const cell of row.cells) {
    const wrong = cellContradiction(cell, row.size, collective, ranks);
    if (wrong !== undefined) return `${cell.placement}: ${wrong}`;
  }
  return undefined;
}

function cellContradiction(cell: Cell, size: number, collective: AnyCollective, ranks: number) {
  const factor = busbwFactor(collective, ranks);
  if (collective === 'alltoallv') {
    // Its bandwidth comes from the largest share of any rank, which is not printed.
    const { value, slack } = cell.algbw;
    const low = (value - slack) * factor;
    return outside(cell.busbw, low, (value + slack) * factor, 'busbw');
  }
  const bytes = collective === 'hypercube' ? (size * (ranks - 1)) / ranks : size;
  const { value, slack } = cell.time;
  // 1 B/µs is 1e-3 GB/s.
  const low = bytes / (value + slack) / 1e3;
  const high = value > slack ? bytes / (value - slack) / 1e3 : Number.POSITIVE_INFINITY;
  return (
    outside(cell.algbw, low, high, 'algbw') ??
    outside(cell.busbw, low * factor, high * factor, 'busbw')
  );
}

function outside(seen: Figure, low: number, high: number, name: string): string | undefined {
  const least = low * (1 - RELATIVE) - seen.slack;
  const most = high * (1 + RELATIVE) + seen.slack;
  if (seen.value >= least && seen.value <= most) return undefined;
  return `${name} ${seen.text} GB/s, size and time give ${low.toPrecision(5)}`;
}

/** Whether the columns and what is in them are those of a collective. */
export function columnsFit(table: Table, row: Row, collective: AnyCollective): boolean {
  const rooted = ['broadcast', 'reduce', 'gather', 'scatter'].includes(collective);
  const reduces = ['all_reduce', 'reduce_scatter', 'reduce'].includes(collective);
  const { redop, root } = table.columns;
  if (rooted !== (row.root !== undefined)) return false;
  // sendrecv runs over the operators and ignores them.
  if (collective !== 'sendrecv' && reduces !== (row.redop !== undefined)) return false;
  if (redop && root) return true;
  // Older versions print the columns that the collective needs; alltoall prints a blank redop.
  const wantsRedop = reduces || collective === 'alltoall' || collective === 'sendrecv';
  return root === rooted && redop === wantsRedop;
}
