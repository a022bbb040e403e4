/** What we read of Resource Manager's answers; everything else in them is dropped, words stay open. */
import { z } from 'zod';

const text = z.string().max(2000);
const tags = z.record(z.string(), z.string()).nullish();
const reference = z.object({ id: text }).nullish();

/** A resource group. */
export const groupShape = z.object({
  id: text,
  name: text,
  tags,
  properties: z.object({ provisioningState: text.optional() }).optional(),
});

/** A scale set. */
export const setShape = z.object({
  id: text,
  name: text,
  location: text,
  tags,
  sku: z.object({ name: text.optional(), capacity: z.number().optional() }).optional(),
  properties: z.object({ provisioningState: text.optional() }).optional(),
});

const statuses = z
  .array(
    z.object({
      code: text.optional(),
      message: z.string().optional(),
      displayStatus: text.optional(),
    }),
  )
  .nullish();

/** A virtual machine, alone or of a scale set. */
export const vmShape = z.object({
  id: text,
  name: text.optional(),
  instanceId: text.optional(),
  location: text.optional(),
  tags,
  properties: z.object({
    vmId: text.optional(),
    provisioningState: text.optional(),
    timeCreated: text.optional(),
    osProfile: z.object({ computerName: text.optional() }).nullish(),
    networkProfile: z
      .object({
        networkInterfaces: z
          .array(
            z.object({
              id: text,
              properties: z.object({ primary: z.boolean().nullish() }).nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
    virtualMachineScaleSet: reference,
    instanceView: z
      .object({
        computerName: text.nullish(),
        placementGroupId: text.nullish(),
        statuses,
        interconnectInstanceView: z.object({ interconnectSubgroupId: text.nullish() }).nullish(),
      })
      .nullish(),
  }),
});

/** A network interface with its addresses. */
export const nicShape = z.object({
  id: text,
  properties: z.object({
    primary: z.boolean().nullish(),
    virtualMachine: reference,
    ipConfigurations: z
      .array(
        z.object({
          properties: z.object({
            primary: z.boolean().nullish(),
            privateIPAddress: text.nullish(),
            publicIPAddress: reference,
          }),
        }),
      )
      .nullish(),
  }),
});

/** A public address. */
export const publicIpShape = z.object({
  id: text,
  properties: z.object({ ipAddress: text.nullish() }),
});

/** Of a group or block of reserved capacity: who is in it. */
export const associatedShape = z.object({
  properties: z.object({ virtualMachinesAssociated: z.array(z.object({ id: text })).nullish() }),
});

/** A reservation of a group. */
export const reservationShape = z.object({
  properties: z.object({ scheduleProfile: z.object({ end: text.nullish() }).nullish() }),
});

export type ScaleSet = z.output<typeof setShape>;
export type Vm = z.output<typeof vmShape>;
export type Nic = z.output<typeof nicShape>;
export type PublicIp = z.output<typeof publicIpShape>;

/** ARM ids differ in case from answer to answer. */
export function level(id: string): string {
  return id.toLowerCase();
}
