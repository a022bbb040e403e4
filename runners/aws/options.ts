/** The plan's block of the aws runner. */
import { z } from 'zod';
import { cloudFields, oneWay, someOf, type AttachOf, type ProvisionOf } from '../cloud/options.ts';

const region = z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/u, 'a region is like us-east-1');
const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-z]{4,40}$`, 'u'), `an id is like ${prefix}-0123…`);

/** Where machines are made: a subnet, and what capacity there is meant. */
const place = z.strictObject({
  region,
  subnet: id('subnet'),
  reservation: id('cr')
    .optional()
    .meta({ description: 'capacity reservation (ODCR or that of a Capacity Block)' }),
  market: z
    .enum(['on-demand', 'capacity-block', 'spot'])
    .default('on-demand')
    .meta({ description: 'capacity-block: the reservation is a Capacity Block' }),
  'placement-group': z
    .string()
    .optional()
    .meta({ description: 'cluster placement group of the reservation; never with a block' }),
});

export const awsOptions = z
  .strictObject({
    ...cloudFields,
    profile: z.string().optional().meta({ description: 'profile of the shared configuration' }),
    attach: z
      .strictObject({
        regions: z.array(region).min(1),
        ids: z.array(id('i')).min(1).optional(),
        tags: z.record(z.string().min(1), z.string()).optional(),
        reservation: id('cr').optional(),
        'capacity-block': id('cb').optional(),
        'placement-group': z.string().optional(),
      })
      .superRefine(someOf('ids', 'tags', 'reservation', 'capacity-block', 'placement-group'))
      .optional(),
    provision: z
      .strictObject({
        nodes: z.int().min(1).max(20_000),
        type: z.string().regex(/^[a-z0-9-]+\.[a-z0-9]+$/u, 'a type is like p5en.48xlarge'),
        image: z
          .string()
          .regex(/^(?:ami-[0-9a-z]{4,40}|resolve:ssm:\/\S{1,300})$/u, 'ami-… or resolve:ssm:/…')
          .meta({ description: 'ami-…, or resolve:ssm:/aws/service/… that EC2 resolves' }),
        places: z.array(place).min(1).max(20),
        'security-groups': z
          .array(id('sg'))
          .min(1)
          .meta({ description: 'EFA needs one that allows all traffic to and from itself' }),
        'instance-profile': z.string().optional(),
        'volume-gib': z.int().min(8).max(16_384).default(200),
        'root-device': z
          .enum(['/dev/sda1', '/dev/xvda'])
          .default('/dev/sda1')
          .meta({ description: "the image's root: Ubuntu /dev/sda1, Amazon Linux /dev/xvda" }),
        batch: z.int().min(1).max(100).default(100).meta({ description: 'machines of one call' }),
      })
      .superRefine(sanePlaces)
      .optional(),
  })
  .superRefine(oneWay);

/** The block with its defaults. */
export type AwsOptions = z.output<typeof awsOptions>;

export type Attach = AttachOf<AwsOptions>;
export type Provision = ProvisionOf<AwsOptions>;

function sanePlaces(
  { places }: { readonly places: readonly z.output<typeof place>[] },
  context: z.RefinementCtx,
): void {
  for (const [at, one] of places.entries()) {
    const path = ['places', at];
    if (one.market === 'capacity-block' && one.reservation === undefined) {
      context.addIssue({ code: 'custom', path, message: 'a capacity-block needs its reservation' });
    }
    // EC2 then reports no capacity though the block has room.
    if (one.market === 'capacity-block' && one['placement-group'] !== undefined) {
      const message = 'a capacity-block takes no placement-group';
      context.addIssue({ code: 'custom', path, message });
    }
    if (one.market === 'spot' && one.reservation !== undefined) {
      context.addIssue({ code: 'custom', path, message: 'spot takes no reservation' });
    }
  }
}
