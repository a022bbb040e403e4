/** The plan's block of the azure runner. */
import { z } from 'zod';
import { cloudFields, oneWay, someOf, type AttachOf, type ProvisionOf } from '../cloud/options.ts';

/** An ARM id of one type: case does not matter there, and is levelled here. */
const armId = (type: string) =>
  z
    .string()
    .max(600)
    .regex(
      new RegExp(
        String.raw`^/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w().-]{1,90}/providers/${type.replaceAll('.', String.raw`\.`)}/[\w.-]{1,80}(?:/subnets/[\w.-]{1,80}|/subgroups/[\w.-]{1,80}|/virtualMachines/[\w.-]{1,64})?$`,
        'iu',
      ),
      `an ARM id of a ${type}`,
    );

const location = z.string().regex(/^[a-z0-9]{2,40}$/u, 'a location is like eastus2');
const group = z.string().regex(/^[\w().-]{0,89}[\w()-]$/u, 'the name of a resource group');

/** Where machines are made: a subnet, and what capacity there is meant. */
const place = z.strictObject({
  location,
  zone: z
    .string()
    .regex(/^[1-9]$/u)
    .optional()
    .meta({ description: 'one zone, or none' }),
  subnet: armId('Microsoft.Network/virtualNetworks'),
  'security-group': armId('Microsoft.Network/networkSecurityGroups').optional(),
  priority: z.enum(['regular', 'spot']).default('regular'),
  'capacity-reservation-group': armId('Microsoft.Compute/capacityReservationGroups')
    .optional()
    .meta({ description: 'for sizes that have one; ND sizes do not' }),
  'interconnect-group': armId('Microsoft.Network/interconnectGroups')
    .optional()
    .meta({ description: 'GB200, GB300: the group that the block is in' }),
  'interconnect-subgroup': armId('Microsoft.Network/interconnectGroups').optional(),
  'interconnect-block': armId('Microsoft.Compute/interconnectBlocks').optional(),
});

export const azureOptions = z
  .strictObject({
    ...cloudFields,
    subscription: z.guid().meta({ description: 'id of the subscription' }),
    tenant: z.guid().optional().meta({ description: 'where the credentials reach several' }),
    attach: z
      .strictObject({
        ids: z
          .array(
            z.union([
              armId('Microsoft.Compute/virtualMachines'),
              armId('Microsoft.Compute/virtualMachineScaleSets'),
            ]),
          )
          .min(1)
          .optional()
          .meta({ description: 'virtual machines, or instances of a scale set' }),
        'scale-sets': z.array(armId('Microsoft.Compute/virtualMachineScaleSets')).min(1).optional(),
        'resource-group': group.optional(),
        tags: z.record(z.string().min(1).max(512), z.string().max(256)).optional(),
        'capacity-reservation-group': armId(
          'Microsoft.Compute/capacityReservationGroups',
        ).optional(),
        'interconnect-block': armId('Microsoft.Compute/interconnectBlocks').optional(),
      })
      .superRefine(
        someOf(
          'ids',
          'scale-sets',
          'resource-group',
          'tags',
          'capacity-reservation-group',
          'interconnect-block',
        ),
      )
      .optional(),
    provision: z
      .strictObject({
        nodes: z.int().min(1).max(20_000),
        size: z.string().regex(/^\w{4,60}$/u, 'a size is like Standard_ND96isr_H100_v5'),
        image: z
          .string()
          .regex(
            /^(?:[\w.-]+:[\w.-]+:[\w.-]+:[\w.-]+|\/subscriptions\/\S{20,500}|\/communityGalleries\/\S{5,500}|\/sharedGalleries\/\S{5,500})$/u,
            'publisher:offer:sku:version, or the ARM id of an image',
          ),
        places: z.array(place).min(1).max(20),
        'resource-group': group.optional().meta({
          description: 'an existing group, for accounts that may not make one; default: one a run',
        }),
        'set-size': z.int().min(1).max(1000).default(100).meta({
          description: 'machines of one scale set; 100 is what one placement group holds',
        }),
        'os-disk-gib': z.int().min(30).max(4095).optional(),
        'os-disk-type': z
          .string()
          .regex(/^\w{3,30}$/u)
          .default('Premium_LRS'),
      })
      .superRefine(sanePlaces)
      .optional(),
  })
  .superRefine(oneWay);

/** The block with its defaults. */
export type AzureOptions = z.output<typeof azureOptions>;
export type Attach = AttachOf<AzureOptions>;
export type Provision = ProvisionOf<AzureOptions>;
export type Place = Provision['places'][number];

function sanePlaces(
  { places }: { readonly places: readonly z.output<typeof place>[] },
  context: z.RefinementCtx,
): void {
  for (const [at, one] of places.entries()) {
    const path = ['places', at];
    const block = one['interconnect-block'];
    if ((block === undefined) !== (one['interconnect-group'] === undefined)) {
      const message = 'an interconnect-block goes with its interconnect-group';
      context.addIssue({ code: 'custom', path, message });
    }
    if (one.priority === 'spot' && (one['capacity-reservation-group'] ?? block) !== undefined) {
      context.addIssue({ code: 'custom', path, message: 'spot takes no reserved capacity' });
    }
  }
}
