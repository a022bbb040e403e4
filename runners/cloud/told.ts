/** Of all that is announced at each look, what is new, and which windows are over. */
import type { Notice } from './runner.ts';

export class Told {
  readonly #keyOf: (notice: Notice) => string;
  readonly #told = new Set<string>();
  readonly #open = new Map<string, Notice>();

  /** @param keyOf what makes two notices the same; default: all of it */
  constructor(keyOf: (notice: Notice) => string = whole) {
    this.#keyOf = keyOf;
  }

  /** @param now everything that is announced at this look */
  *news(now: readonly Notice[]): Generator<Notice> {
    const open = new Set<string>();
    for (const notice of now) {
      const key = this.#keyOf(notice);
      if (notice.window === 'open') {
        open.add(key);
        this.#open.set(key, notice);
      }
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      yield notice;
    }
    for (const [key, notice] of this.#open) {
      if (open.has(key)) continue;
      this.#open.delete(key);
      this.#told.delete(key);
      yield { ...notice, window: 'closed' };
    }
  }
}

function whole({ kind, detail, machines, window }: Notice): string {
  return `${kind} ${window ?? ''} ${detail} ${machines.join(' ')}`;
}
