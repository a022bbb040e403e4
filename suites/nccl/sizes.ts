/** Which sizes of a sweep make sense on these ranks; the others are listed, not missing. */

/** A sweep as the plan writes it: from, from × factor … up to and including `to`. */
export interface Sweep {
  /** Bytes. */
  readonly from: number;
  /** Bytes. */
  readonly to: number;
  readonly factor: number;
}

/** @returns bytes, ascending, each once */
export function expandSizes(sizes: readonly number[] | Sweep): readonly number[] {
  if (!('from' in sizes)) return [...new Set(sizes)].sort((a, b) => a - b);
  const all: number[] = [];
  for (let size = sizes.from; size <= sizes.to; size *= sizes.factor) all.push(Math.round(size));
  return all;
}

const GIB = 2 ** 30;
/** Share of an accelerator's memory that its driver and context leave free. */
const FREE_SHARE = 0.97;

/** What the ranks of a case have. */
export interface Room {
  readonly ranks: number;
  readonly ranksPerNode: number;
  /** Bytes: of one accelerator, or of the machine where the ranks share it. */
  readonly memory: number;
  readonly kind: 'gpu' | 'tpu' | 'cpu';
}

/**
 * Splits sizes by DESIGN.md 4: below n × 16 B a rank has no element of its own; above
 * (free memory − 4 GiB)/4 the buffers don't fit. Ranks on a CPU share its memory and take half of it.
 */
export function applicable(sizes: readonly number[], room: Room) {
  const most =
    room.kind === 'cpu'
      ? room.memory / 2 / 4 / room.ranksPerNode
      : (room.memory * FREE_SHARE - 4 * GIB) / 4;
  const fits = (size: number) => size >= 16 * room.ranks && size <= most;
  return { fit: sizes.filter(fits), not: sizes.filter((size) => !fits(size)) };
}
