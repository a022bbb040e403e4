/** What marks a resource as ours, from its first second: run, owner, expiry. */
import { createHash } from 'node:crypto';

/** The three marks; each provider spells the keys as it must. */
export interface Ownership {
  readonly run: string;
  /** Who answers for it: fleet.owner of the plan. */
  readonly owner: string;
  /** When it may be deleted by anyone who sweeps, ms since the epoch. */
  readonly expires: number;
}

/** Marks as a resource carries them; undefined: it is not ours. */
export function readOwnership(
  run: string | undefined,
  owner: string | undefined,
  expires: string | undefined,
): Ownership | undefined {
  if (run === undefined || run === '') return undefined;
  const seconds = Number(expires);
  // A mark that can't be read never makes a thing deletable by its age; by name it still is.
  const at = expires !== undefined && /^\d{9,11}$/u.test(expires) ? seconds * 1000 : Infinity;
  return { run, owner: owner ?? '', expires: at };
}

/** The expiry as tags carry it: whole seconds since the epoch, legal in every provider's tags and labels. */
export function expiryTag({ expires }: Ownership): string {
  return String(Math.floor(expires / 1000));
}

/** Whose resources are meant: those of these runs, and all that is past its expiry by a moment. */
export interface Scope {
  readonly runs: readonly string[];
  /** ms since the epoch; absent: only the runs. */
  readonly expiredBy?: number;
  /** A sweep: every region and place that the account reaches, not only the plan's. */
  readonly everywhere?: boolean;
}

/** Whether a resource with these marks is in the scope. */
export function inScope(marks: Ownership, { runs, expiredBy }: Scope): boolean {
  return runs.includes(marks.run) || (expiredBy !== undefined && marks.expires <= expiredBy);
}

/**
 * A name or token that the same request always gets, and no other.
 *
 * @param length hex digits, at most 64
 */
export function requestToken(length: number, ...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length);
}
