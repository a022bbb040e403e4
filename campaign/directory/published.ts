/** The published JSON Schemas of a run's files: what other tools may lean on. Strict, field by field. */
import { z } from 'zod';

const word = z.enum(['pass', 'fail', 'inconclusive', 'not-tested']);
const origin = z.enum(['hardware', 'reference-device', 'stand-in', 'simulated']);
const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const count = z.int().min(0);
const hash = z.string().regex(/^[0-9a-f]{64}$/u);
const sourced = z.strictObject({ value: z.number(), source: z.string() });
const perNodeHour = z.strictObject({ perNodeHour: z.number(), currency: z.string() });

const domain = z.strictObject({
  kind: z.enum(['rack', 'block', 'leaf', 'nvlink', 'slice', 'power']),
  id: z.string(),
  from: z.enum(['plan', 'provider', 'inventory']),
});

const subject = z.union([
  z.strictObject({ kind: z.literal('accelerator'), node: z.string(), accelerator: z.string() }),
  z.strictObject({ kind: z.literal('node'), node: z.string() }),
  z.strictObject({
    kind: z.literal('link'),
    ends: z.tuple([z.string(), z.string()]),
    rail: count.optional(),
    finest: z.enum(['path', 'leaf-pair']),
  }),
  z.strictObject({ kind: z.literal('group'), nodes: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal('endpoint'),
    endpoint: z.string(),
    nodes: z.array(z.string()),
  }),
  z.strictObject({ kind: z.literal('lot') }),
]);

const finding = z.strictObject({
  criterion: z.string(),
  subject,
  verdict: word,
  estimate: z
    .strictObject({
      value: z.number(),
      interval: z.tuple([z.number(), z.number()]).optional(),
      n: count,
      evidence: z.strictObject({ pass: z.number(), fail: z.number() }).optional(),
    })
    .optional(),
  reason: z.string(),
  cause: z.enum(['thermal', 'power', 'link', 'neighbour', 'unexplained']).optional(),
  guilty: z.array(z.string()).optional(),
  rails: z.array(count).optional(),
  attempts: z.array(z.string()),
});

const criterion = z.strictObject({
  id: z.string(),
  clause: z.string().optional(),
  metric: z.string(),
  where: parameters,
  per: z.enum(['accelerator', 'link', 'node', 'group', 'endpoint', 'lot']),
  mandatory: z.boolean(),
  decide: z.enum(['level', 'tail', 'exact', 'events']),
  standing: z.enum(['contract', 'catalogue', 'sanity']),
  bound: z.enum(['at-least', 'at-most']),
  limit: sourced,
  nominal: sourced.optional(),
  fixed: z.enum(['before', 'after']),
  verdict: word,
  counts: z.record(word, count),
  worst: finding.optional(),
});

const repeatability = z.strictObject({
  metric: z.string(),
  parameters,
  sigma: z.number(),
  classical: z.number(),
  between: z.number().optional(),
  skewness: z.number().optional(),
  degrees: z.number(),
  from: z.enum(['plan', 'history', 'this-run', 'none']),
  round: count,
});

const outcome = z.union([
  z.strictObject({ status: z.literal('measured') }),
  z.strictObject({
    status: z.literal('failed'),
    owner: z.enum(['harness', 'reach', 'node', 'group']),
    code: z.string(),
    message: z.string(),
    suspects: z.array(z.string()),
  }),
]);

const verdict = z.strictObject({
  schema: z.literal('assay/verdict/1'),
  origin,
  lot: z.strictObject({
    verdict: z.enum(['accept', 'reject', 'inconclusive', 'not-tested']),
    reasons: z.array(z.string()),
    delivered: count,
    tested: count,
    accepted: count,
    rejected: count,
    inconclusive: count,
    notTested: count,
    lost: z
      .array(
        z.strictObject({ unit: z.string(), by: z.array(z.string()), with: z.array(z.string()) }),
      )
      .optional(),
  }),
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      identity: z.string(),
      verdict: word,
      reasons: z.array(z.string()),
      accelerators: z.array(z.strictObject({ id: z.string(), verdict: word })),
      owner: z.string().optional(),
      class: z.string().optional(),
      next: z.string().optional(),
    }),
  ),
  links: z.array(z.strictObject({ subject, verdict: word, reason: z.string() })),
  groups: z.array(
    z.strictObject({
      domain: z.union([domain, z.strictObject({ kind: z.literal('environment'), id: z.string() })]),
      nodes: z.array(z.string()),
      verdict: word,
      reason: z.string(),
    }),
  ),
  criteria: z.array(criterion),
  findings: z.array(finding),
  coverage: z.array(
    z.strictObject({
      criterion: z.string(),
      planned: count,
      measured: count,
      sampled: z.strictObject({ n: count, consumerRisk: z.number() }).optional(),
      gaps: z.array(z.strictObject({ subjects: z.array(subject), why: z.string() })),
    }),
  ),
  errorRates: z.strictObject({
    consumerRisk: z.number(),
    producerRisk: z.number(),
    decisions: count,
    maxTrials: count,
    repeatability: z.array(repeatability),
  }),
  notes: z.array(z.string()),
  attempts: z.array(z.strictObject({ id: z.string(), outcome })),
});

const node = z.strictObject({
  id: z.string(),
  identity: z.array(
    z.strictObject({
      kind: z.enum(['provider-id', 'plan', 'serial', 'accelerators', 'nics']),
      value: z.string(),
    }),
  ),
  accelerators: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.enum(['gpu', 'tpu', 'cpu']),
      model: z.string(),
      index: count,
      memory: z.number(),
      cores: count,
    }),
  ),
  domains: z.array(domain),
  environment: z.record(z.string(), z.string()),
  machine: z.string().optional(),
});

const fleet = z.strictObject({
  schema: z.literal('assay/fleet/1'),
  runner: z.string(),
  origin,
  nodes: z.array(node),
  missing: z.array(z.strictObject({ code: z.string(), reason: z.string(), node: z.string() })),
  lost: z.array(z.strictObject({ fact: z.string(), nodes: z.array(z.string()), why: z.string() })),
  cases: z.array(z.looseObject({ id: z.string(), suite: z.string(), scope: z.string() })),
  metrics: z.array(
    z.looseObject({ id: z.string(), unit: z.string(), better: z.enum(['higher', 'lower']) }),
  ),
  checks: z.array(z.string()),
});

const privates = z.strictObject({
  schema: z.literal('assay/private/1'),
  nodes: z.array(z.strictObject({ id: z.string(), name: z.string(), fabricAddress: z.string() })),
  missing: z.array(z.strictObject({ slot: z.string(), code: z.string(), reason: z.string() })),
  price: perNodeHour.optional(),
  plan: z
    .strictObject({
      fleet: z.looseObject({}),
      only: z.array(z.string()).optional(),
      cost: z.number().optional(),
    })
    .optional(),
});

const manifest = z.strictObject({
  schema: z.literal('assay/manifest/1'),
  run: z.string(),
  sealedAt: z.string(),
  version: z.string(),
  kind: z.string().optional(),
  parent: hash.optional(),
  previous: hash.optional(),
  files: z.record(z.string(), z.strictObject({ sha256: hash, bytes: count })),
});

/** Name as in `schema: "assay/<name>/1"` → its shape. */
export const published = { verdict, fleet, private: privates, manifest } as const;

/** The JSON Schema (2020-12) of one of a run's files. */
export function publishedSchema(name: keyof typeof published): object {
  return { $id: `assay/${name}/1`, ...z.toJSONSchema(published[name], { io: 'input' }) };
}
