/** What the load generator is told: one JSON argument, checked here as it comes from a command line. */
import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);
const count = z.int().min(1).max(10_000_000);

/** When requests are sent, at a given mean rate. */
const arrivals = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('poisson') }),
  z.strictObject({ kind: z.literal('constant') }),
  /** So many at one moment; the moments are a Poisson process. */
  z.strictObject({ kind: z.literal('bursts'), size: z.int().min(2).max(10_000) }),
  /** As in a file: moments and lengths, at `speed` times its pace. */
  z.strictObject({ kind: z.literal('trace'), speed: z.number().positive().max(1e4) }),
]);

const loadSettings = z.strictObject({
  /** Base URL, without a path of the API's own. */
  url: z.string().min(1).max(2048),
  api: z.enum(['chat', 'completions']),
  /** Name that the server knows its model by; '' asks it. */
  model: z.string().max(200),
  arrivals,
  /** Tokens of each prompt, and tokens asked for. */
  input: count,
  output: count,
  /** Fields added to every request's body. */
  body: z.record(z.string().max(100), z.union([z.string(), z.number(), z.boolean()])),
  seed: z.int(),
  /** Seconds after which a request is given up. */
  timeout: seconds.positive(),
  slo: z.strictObject({
    ttft: seconds.exactOptional(),
    tpot: seconds.exactOptional(),
    e2e: seconds.exactOptional(),
  }),
  threads: z.int().min(1).max(256),
  /** Own lateness at p99 that is allowed whatever the TTFT, s. */
  lateness: seconds.positive(),
  /** One window at a rate, or a search for the highest rate that keeps the SLO. */
  work: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('window'),
      rate: z.number().positive(),
      settling: z.int().min(0),
      requests: count,
    }),
    z.strictObject({
      kind: z.literal('search'),
      from: z.number().positive(),
      to: z.number().positive(),
      share: z.number().gt(0).lt(1),
      within: z.number().positive(),
      most: z.int().min(3).max(200),
      settling: z.int().min(0),
      requests: count,
    }),
  ]),
});

/** The settings of one run of the generator. */
export type LoadSettings = z.output<typeof loadSettings>;
export type Arrivals = LoadSettings['arrivals'];

/**
 * @param text settings without the URL, which is known only when the trial is placed
 * @throws {Error} where the text is no settings
 */
export function readSettings(text: string, url: string): LoadSettings {
  return loadSettings.parse({ ...(JSON.parse(text) as object), url });
}
