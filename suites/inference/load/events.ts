/** Server-sent events out of the bytes of one answer: cut at line ends, however the network cut them. */

/** Longest line that is kept while its end has not come; more is no stream of tokens. */
const MOST_LINE = 4 * 1024 * 1024;

/** `data` of each event, in order. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventCutter {
  #rest: Buffer | undefined;
  #data: string | undefined;

  /**
   * @param data called with each event's data, lines of one event joined by \n
   * @returns false where a line has become too long to be one
   */
  push(bytes: Buffer, data: (text: string) => void): boolean {
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = end === all.length ? undefined : all.subarray(end);
    if (end > 0) {
      // Whole lines only: no character is cut in two.
      const text = all.toString('utf8', 0, end);
      let from = 0;
      while (from < text.length) {
        const to = text.indexOf('\n', from);
        this.#line(text, from, text.charCodeAt(to - 1) === 13 && to > from ? to - 1 : to, data);
        from = to + 1;
      }
    }
    return (this.#rest?.length ?? 0) <= MOST_LINE && (this.#data?.length ?? 0) <= MOST_LINE;
  }

  #line(text: string, from: number, to: number, data: (text: string) => void): void {
    if (from === to) {
      if (this.#data !== undefined) data(this.#data);
      this.#data = undefined;
      return;
    }
    if (!text.startsWith('data:', from)) return;
    const start = text.charCodeAt(from + 5) === 32 ? from + 6 : from + 5;
    const value = text.slice(start, to);
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }
}
