/** The plan's block of the oci runner. */
import { z } from 'zod';
import { cloudFields, oneWay, someOf, type AttachOf, type ProvisionOf } from '../cloud/options.ts';

/** "ocid1.TYPE.REALM.[REGION].UNIQUE". */
const ocid = (...types: readonly string[]) =>
  z
    .string()
    .max(255)
    .regex(
      new RegExp(
        String.raw`^ocid1\.(?:${types.join('|') || '[a-z0-9]+'})\.[a-z0-9-]+\.[a-z0-9-]*\.[a-z0-9._-]+$`,
        'u',
      ),
      types.length === 0 ? 'an OCID' : `an OCID of a ${types.join(' or ')}`,
    );

const region = z.string().regex(/^[a-z]{2,4}-[a-z]+-\d+$/u, 'a region is like us-ashburn-1');
const tag = z.string().regex(/^[\x21-\x2d\x2f-\x7e]{1,100}$/u, 'no dot and no space');
const value = z.string().max(256);

/** Where machines are made: an availability domain, its subnet, and what capacity there is meant. */
const place = z.strictObject({
  region,
  'availability-domain': z
    .string()
    .regex(/^(?:[\w-]{1,30}:)?[A-Z0-9-]{1,40}-AD-[1-9]$/u, 'like Uocm:US-ASHBURN-AD-1'),
  'fault-domain': z
    .string()
    .regex(/^FAULT-DOMAIN-[1-9]$/u)
    .optional()
    .meta({ description: 'left out: any; an error of capacity in one says nothing of the others' }),
  subnet: ocid('subnet'),
  'security-groups': z.array(ocid('networksecuritygroup')).max(5).default([]),
  image: ocid('image').meta({ description: 'an image is of one region' }),
  'capacity-reservation': ocid('capacityreservation').optional(),
  'hpc-island': ocid().optional(),
  'gpu-memory-fabric': ocid()
    .optional()
    .meta({ description: 'of a GPU memory cluster: this one NVLink domain; left out: any' }),
  'network-blocks': z
    .array(ocid())
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'only these blocks of the island' }),
});

export const ociOptions = z
  .strictObject({
    ...cloudFields,
    compartment: ocid('compartment', 'tenancy'),
    tenancy: ocid('tenancy')
      .optional()
      .meta({ description: 'where the credentials do not say; physical hosts are listed there' }),
    credentials: z
      .enum(['config', 'instance-principal', 'resource-principal'])
      .default('config')
      .meta({ description: "config: a profile of the vendor's own configuration file" }),
    profile: z.string().min(1).max(100).default('DEFAULT'),
    sweep: z.enum(['tenancy', 'compartment']).default('tenancy').meta({
      description: 'where a sweep looks: every compartment of the tenancy, or the one above alone',
    }),
    attach: z
      .strictObject({
        regions: z.array(region).min(1).max(50),
        ids: z.array(ocid('instance')).min(1).optional(),
        names: z.array(z.string().min(1).max(255)).min(1).optional(),
        tags: z.record(tag, value).optional().meta({ description: 'free-form tags' }),
        'capacity-reservation': ocid('capacityreservation').optional(),
        'compute-cluster': ocid().optional(),
        'cluster-network': ocid('clusternetwork').optional(),
        'instance-pool': ocid('instancepool').optional(),
        'gpu-memory-cluster': ocid().optional(),
      })
      .superRefine(
        someOf(
          'ids',
          'names',
          'tags',
          'capacity-reservation',
          'compute-cluster',
          'cluster-network',
          'instance-pool',
          'gpu-memory-cluster',
        ),
      )
      .optional(),
    provision: z
      .strictObject({
        nodes: z.int().min(1).max(20_000),
        shape: z.string().regex(/^[A-Z]\w*(?:[.-][\w]+)+$/u, 'a shape is like BM.GPU.H200.8'),
        mechanism: z
          .enum(['compute-cluster', 'cluster-network', 'gpu-memory-cluster'])
          .default('compute-cluster')
          .meta({
            description:
              'compute-cluster: a launch a node; cluster-network: one pool, started in batches; gpu-memory-cluster: an NVLink domain of GB200 or GB300',
          }),
        places: z.array(place).min(1).max(20),
        'boot-volume-gib': z.int().min(50).max(32_768).optional(),
        'defined-tags': z
          .record(tag, z.record(tag, value))
          .optional()
          .meta({ description: 'namespace → key → value, where the tenancy asks for them' }),
      })
      .superRefine(saneCapacity)
      .optional(),
  })
  .superRefine(oneWay);

/** The block with its defaults. */
export type OciOptions = z.output<typeof ociOptions>;
export type Attach = AttachOf<OciOptions>;
export type Provision = ProvisionOf<OciOptions>;
export type Place = Provision['places'][number];

function saneCapacity(
  {
    shape,
    mechanism,
    places,
  }: {
    readonly shape: string;
    readonly mechanism: string;
    readonly places: readonly z.output<typeof place>[];
  },
  context: z.RefinementCtx,
): void {
  const fabric = mechanism === 'gpu-memory-cluster';
  if (/^BM\.GPU\.GB\d/u.test(shape) !== fabric) {
    const message = fabric
      ? `${shape} is in no NVLink domain of several hosts: GPU memory clusters are of GB200 and GB300`
      : `${shape} is made in GPU memory clusters only: mechanism: gpu-memory-cluster`;
    context.addIssue({ code: 'custom', path: ['mechanism'], message });
  }
  for (const [at, one] of places.entries()) {
    if (one['gpu-memory-fabric'] !== undefined && !fabric) {
      const message = 'gpu-memory-fabric goes with mechanism: gpu-memory-cluster';
      context.addIssue({ code: 'custom', path: ['places', at], message });
    }
    if (one['network-blocks'] !== undefined && one['hpc-island'] === undefined) {
      const message = 'network-blocks go with their hpc-island';
      context.addIssue({ code: 'custom', path: ['places', at], message });
    }
  }
}
