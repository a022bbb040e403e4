/** Puts the payload's parts together again: source → text, fact → why it was lost. */
import { z } from 'zod';

/** Text kept a source and a node: more is cut, so that no node can fill our memory. */
const SOURCE_LIMIT = 2 * 1024 * 1024;
const SOURCES = 40;

const record = z.discriminatedUnion('kind', [
  z.object({
    assay: z.literal(1),
    kind: z.literal('output'),
    source: z.string().max(60),
    exit: z.number().nullable(),
    text: z.string(),
  }),
  z.object({
    assay: z.literal(1),
    kind: z.literal('lost'),
    fact: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/u),
    why: z.string(),
  }),
  z.object({ assay: z.literal(1), kind: z.literal('done'), ok: z.boolean() }),
]);

/** What one node printed, and the line that each source ended on. */
export class Outputs {
  readonly lost = new Map<string, string>();
  readonly lines = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  readonly #failed = new Set<string>();
  done = false;

  /** Takes one line; anything that is not the payload's is left out. */
  take(text: string, line: number): void {
    if (!text.startsWith('{"assay"')) return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // A torn line costs its own source only: the text lacks a part and its parser says so.
      return;
    }
    const { data } = record.safeParse(value);
    if (data === undefined) return;
    if (data.kind === 'done') this.done = data.ok;
    else if (data.kind === 'lost') this.lost.set(data.fact, data.why.slice(0, 1000));
    else if (this.#texts.has(data.source) || this.#texts.size < SOURCES) {
      const before = this.#texts.get(data.source) ?? '';
      this.#texts.set(data.source, (before + data.text).slice(0, SOURCE_LIMIT));
      this.lines.set(data.source, line);
      if (data.exit !== 0) this.#failed.add(data.source);
    }
  }

  /** What a source printed when it ended well; undefined where it was not there or failed. */
  text(source: string): string | undefined {
    return this.#failed.has(source) ? undefined : this.#texts.get(source);
  }

  /** A source's JSON, checked; undefined where it is missing or not of this shape. */
  json<S extends z.ZodType>(source: string, schema: S): z.output<S> | undefined {
    const text = this.text(source);
    if (text === undefined) return undefined;
    try {
      return schema.safeParse(JSON.parse(text)).data;
    } catch {
      // Not JSON is as good as not there: absent, and so never a pass.
      return undefined;
    }
  }
}
