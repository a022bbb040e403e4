/** Confirmation: a suspect runs with cleared partners, a different one each round (STATISTICS 5.3). */
import { shuffle } from '../../plan/random.ts';

/**
 * A cleared partner for every suspect, none twice in a round and none that the suspect had before.
 *
 * @param cleared at least as many as there are suspects, or some get none
 * @param had whether a suspect ran with a node before
 * @returns the partner of each suspect; −1: none is left in this round
 */
export function confirmPartners(
  suspects: Int32Array,
  cleared: Int32Array,
  random: () => number,
  had: (suspect: number, partner: number) => boolean,
): Int32Array {
  const free = cleared.slice();
  for (let last = free.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const kept = free[last] as number;
    free[last] = free[other] as number;
    free[other] = kept;
  }
  let left = free.length;
  return suspects.map((suspect) => {
    for (let at = left - 1; at >= 0; at -= 1) {
      const partner = free[at] as number;
      if (had(suspect, partner)) continue;
      left -= 1;
      free[at] = free[left] as number;
      free[left] = partner;
      return partner;
    }
    return -1;
  });
}

/** What a round of confirmations is drawn by. */
interface Draw {
  /** Streams of the plan's seed. */
  random(name: string, ...rest: readonly string[]): () => number;
  /** Case.id. */
  readonly of: string;
  /** Whether a suspect ran with a node before. */
  met(suspect: string, partner: string): boolean;
  /** Whether they share a leaf: such a pair says nothing of the way that made the suspect one. */
  near(suspect: string, partner: string): boolean;
  /** Whether the way between them is in doubt itself: another is better, where there is one. */
  doubtful(suspect: string, partner: string): boolean;
}

/** A cleared partner for as many suspects as there are partners for, by their ids. */
export function confirmCouples(
  suspects: readonly string[],
  cleared: readonly string[],
  draw: Draw,
): { readonly suspect: string; readonly partner: string }[] {
  const having = (fine: (suspect: string, partner: string) => boolean) =>
    new Set(suspects.filter((suspect) => cleared.some((partner) => fine(suspect, partner))));
  const far = having((...pair) => !draw.near(...pair));
  const sound = having((...pair) => !draw.near(...pair) && !draw.doubtful(...pair));
  const partners = confirmPartners(
    Int32Array.from(suspects.keys()),
    Int32Array.from(cleared.keys()),
    draw.random('confirm', draw.of),
    (at, other) => {
      const [suspect, partner] = [suspects[at] as string, cleared[other] as string];
      return (
        draw.met(suspect, partner) ||
        (far.has(suspect) && draw.near(suspect, partner)) ||
        (sound.has(suspect) && draw.doubtful(suspect, partner))
      );
    },
  );
  const busy = new Set<string>();
  return suspects.flatMap((suspect, at) => {
    const place = partners[at] as number;
    const partner =
      // It ran with everyone: once more, then.
      place >= 0 ? cleared[place] : shuffle(cleared, draw.random('again', suspect))[0];
    if (partner === undefined || busy.has(partner)) return [];
    busy.add(partner);
    return [{ suspect, partner }];
  });
}

/** Whether the confirmations of one suspect say that the fault is its own: their mean falls short by more than the cut. */
export function confirmed(shortfall: readonly number[], cut: number): boolean {
  const sum = shortfall.reduce((total, one) => total + one, 0);
  return shortfall.length > 0 && !(sum / shortfall.length <= cut);
}
