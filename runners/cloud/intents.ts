/** What a run told its journal before each creating call, read again by the process that takes it up. */
import { z } from 'zod';
import type { RunContext } from '../model.ts';
import type { Ownership } from './ownership.ts';

const record = z.discriminatedUnion('act', [
  /** First: the marks, so that a later process sends the same. */
  z.object({ act: z.literal('begin'), owner: z.string(), expires: z.number() }),
  z.object({
    act: z.literal('launch'),
    token: z.string(),
    count: z.number(),
    place: z.string(),
    ordinal: z.number(),
  }),
  /** The provider answered that call, with these ids or with a refusal. */
  z.object({
    act: z.literal('answered'),
    token: z.string(),
    ids: z.array(z.string()),
    refused: z.string().optional(),
  }),
  /** Which machine is which node, in order; "" = none came. */
  z.object({ act: z.literal('slots'), ids: z.array(z.string()) }),
  z.object({ act: z.literal('released') }),
]);

type Intent = z.output<typeof record>;
type LaunchIntent = Extract<Intent, { act: 'launch' }>;

/** The provider calls of a run so far. */
export class Intents {
  readonly #write: RunContext['intent'];
  readonly #provider: string;
  readonly #records: Intent[];

  constructor(context: Pick<RunContext, 'intent' | 'pending'>, provider: string) {
    this.#write = (one) => context.intent(one);
    this.#provider = provider;
    this.#records = context.pending().flatMap((one) => {
      const result = one['provider'] === provider ? record.safeParse(one) : undefined;
      return result?.success === true ? [result.data] : [];
    });
  }

  /** On disk before it resolves. */
  async add(one: Intent): Promise<void> {
    await this.#write({ provider: this.#provider, ...one });
    this.#records.push(one);
  }

  /** Marks of this run: those of its first process. */
  async marks(run: string, owner: string, expires: Date): Promise<Ownership> {
    const [begun] = this.#of('begin');
    if (begun !== undefined) return { run, owner: begun.owner, expires: begun.expires };
    const first = { act: 'begin' as const, owner, expires: expires.getTime() };
    await this.add(first);
    return { run, owner, expires: first.expires };
  }

  /** Calls since the last release of which no answer is on record: they may have been carried out. */
  unanswered(): readonly LaunchIntent[] {
    const answered = new Set(this.#of('answered').map(({ token }) => token));
    return this.#since('launch').filter(({ token }) => !answered.has(token));
  }

  /** Whether anything was asked for that was not given back since. */
  begun(): boolean {
    return this.#since('launch').length > 0;
  }

  /** Ids that the provider answered with since the last release. */
  ids(): readonly string[] {
    return this.#since('answered').flatMap(({ ids }) => ids);
  }

  /** Number of the next creating call. */
  next(): number {
    return Math.max(0, ...this.#of('launch').map(({ ordinal }) => ordinal)) + 1;
  }

  /** Machines in the order of the nodes; undefined: it was not settled. */
  slots(): readonly string[] | undefined {
    return this.#of('slots').at(-1)?.ids;
  }

  #since<A extends Intent['act']>(act: A): readonly Extract<Intent, { act: A }>[] {
    const after = this.#records.findLastIndex((one) => one.act === 'released');
    return this.#records
      .slice(after + 1)
      .filter((one): one is Extract<Intent, { act: A }> => one.act === act);
  }

  #of<A extends Intent['act']>(act: A): readonly Extract<Intent, { act: A }>[] {
    return this.#records.filter((one): one is Extract<Intent, { act: A }> => one.act === act);
  }
}
