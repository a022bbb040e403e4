/** Lists that are the same for nearly all of a fleet, kept once. */

/** Lists that grow by one: who adds the same in the same order gets the same list. Never changed. */
export class SharedLists<T> {
  readonly none: readonly T[] = [];
  readonly #longer = new Map<readonly T[], Map<string, readonly T[]>>();
  readonly #add: (list: readonly T[], one: T) => readonly T[];

  /** @param add gives the list with one more, or the same where it is in already */
  constructor(add: (list: readonly T[], one: T) => readonly T[]) {
    this.#add = add;
  }

  /** @param key of `one`: the same for the same */
  with(list: readonly T[], key: string, one: T): readonly T[] {
    const known = this.#longer.get(list) ?? new Map<string, readonly T[]>();
    this.#longer.set(list, known);
    const own = known.get(key) ?? this.#add(list, one);
    known.set(key, own);
    return own;
  }
}
