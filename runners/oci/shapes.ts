/** What we read of OCI's answers; everything else in them is dropped, words stay open. */
import { z } from 'zod';

const text = z.string().max(4000);
const tags = z.record(z.string(), z.string()).nullish();

/** An instance. */
export const instanceShape = z.object({
  id: text,
  displayName: text.nullish(),
  lifecycleState: text.optional(),
  timeCreated: text.nullish(),
  freeformTags: tags,
  definedTags: z.record(z.string(), z.record(z.string(), z.unknown())).nullish(),
});

/** A front-end interface of an instance; its address is elsewhere. */
export const attachmentShape = z.object({
  instanceId: text,
  vnicId: text.nullish(),
  subnetId: text.nullish(),
  lifecycleState: text.optional(),
  timeCreated: text.nullish(),
});

/** A private address. */
export const privateIpShape = z.object({
  id: text.nullish(),
  ipAddress: text.nullish(),
  vnicId: text.nullish(),
  isPrimary: z.boolean().nullish(),
});

/** A public address and what it is bound to. */
export const publicIpShape = z.object({
  ipAddress: text.nullish(),
  assignedEntityId: text.nullish(),
});

/** A thing with tags: compute cluster, GPU memory cluster, configuration, console history. */
export const thingShape = z.object({
  id: text,
  lifecycleState: text.nullish(),
  instanceId: text.nullish(),
  freeformTags: tags,
});

/** A cluster network with its one pool. */
export const networkShape = z.object({
  id: text,
  lifecycleState: text.optional(),
  freeformTags: tags,
  instancePools: z.array(z.object({ id: text, size: z.number().optional() })).nullish(),
});

/** A member of a pool, network or GPU memory cluster. */
export const memberShape = z.object({ id: text, lifecycleState: text.nullish() });

/** What is under way. */
export const workRequestShape = z.object({ id: text, status: text.optional() });

/** Why it failed. */
export const workErrorShape = z.object({ code: text.nullish(), message: text.nullish() });

/** A physical host, and what runs on it. */
export const hostShape = z.object({
  id: text,
  instanceId: text.nullish(),
  hpcIslandId: text.nullish(),
  networkBlockId: text.nullish(),
  localBlockId: text.nullish(),
  gpuMemoryFabricId: text.nullish(),
});

/** Maintenance that is announced or under way. */
export const eventShape = z.object({
  instanceId: text,
  maintenanceReason: text.nullish(),
  instanceAction: text.nullish(),
  lifecycleState: text.optional(),
  timeWindowStart: text.nullish(),
});

/** A compartment of the tenancy. */
export const compartmentShape = z.object({ id: text, lifecycleState: text.optional() });

/** A region that the tenancy has. */
export const regionShape = z.object({ regionName: text, status: text.optional() });

export type Instance = z.output<typeof instanceShape>;
export type Thing = z.output<typeof thingShape>;
export type Host = z.output<typeof hostShape>;
