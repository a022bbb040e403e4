/** What readers rely on in a run's JSON files: enough that a broken file is named and not stumbled over. */
import { z } from 'zod';
import type { Plan } from '../../plan/model.ts';
import type { Verdict } from '../../verdicts/model.ts';
import type { NightFile } from '../nightly/model.ts';
import type { FaultsFile, FleetFile, Manifest, PrivateFile, WithheldFile } from './model.ts';

const list = z.array(z.looseObject({}));
const withId = z.array(z.looseObject({ id: z.string() }));

function shape<T>(fields: z.core.$ZodLooseShape) {
  return z.looseObject(fields).transform((value) => value as unknown as T);
}

/** plan.json */
export const planShape = shape<Plan>({
  seed: z.number(),
  delivery: z.looseObject({ reference: z.string(), sku: z.string() }),
  fleet: z.looseObject({ runner: z.string(), grace: z.number(), lease: z.number() }),
  suites: withId,
  criteria: withId,
  decision: z.looseObject({ consumerRisk: z.number(), producerRisk: z.number() }),
  budget: z.looseObject({}),
});

/** fleet.json */
export const fleetShape = shape<FleetFile>({
  runner: z.string(),
  origin: z.enum(['hardware', 'reference-device', 'stand-in', 'simulated']),
  nodes: withId,
  missing: list,
  lost: list,
  cases: withId,
  metrics: withId,
  checks: z.array(z.string()),
});

/** private.json */
export const privateShape = shape<PrivateFile>({
  nodes: withId,
  missing: list,
  plan: z.looseObject({ fleet: z.looseObject({}) }).optional(),
});

/** faults.json */
export const faultsShape = shape<FaultsFile>({
  reports: z.array(z.looseObject({ node: z.string(), operation: z.string() })),
});

/** verdict.json */
export const verdictShape = shape<Verdict>({
  origin: z.string(),
  lot: z.looseObject({ verdict: z.enum(['accept', 'reject', 'inconclusive', 'not-tested']) }),
  nodes: withId,
  criteria: withId,
  findings: list,
  coverage: list,
});

/** manifest.json */
export const manifestShape = shape<Manifest>({
  run: z.string(),
  files: z.record(z.string(), z.strictObject({ sha256: z.string(), bytes: z.number() })),
});

/** night.json */
export const nightShape = shape<NightFile>({
  night: z.iso.date(),
  delivery: z.string(),
  origin: z.enum(['hardware', 'reference-device', 'stand-in', 'simulated']),
  opened: withId,
  open: withId,
  closed: list,
  declared: z.array(z.looseObject({ date: z.string(), what: z.string() })),
  trends: z.array(
    z.looseObject({
      title: z.string(),
      metric: z.string(),
      parameters: z.looseObject({}),
      unit: z.string(),
      nights: z.array(z.looseObject({ date: z.iso.date(), value: z.number() })).max(1000),
      changes: z.array(
        z.looseObject({ date: z.iso.date(), before: z.number(), after: z.number() }),
      ),
    }),
  ),
  metrics: withId,
});

/** withheld.json */
export const withheldShape = shape<WithheldFile>({
  run: z.string(),
  manifest: z.string(),
  files: z.record(z.string(), z.strictObject({ sha256: z.string(), bytes: z.number() })),
  later: z.record(z.string(), z.string()),
});
