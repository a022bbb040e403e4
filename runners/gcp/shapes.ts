/** What we read of Google's answers; everything else in them is dropped, words stay open. */
import { z } from 'zod';

const text = z.string().max(4000);
/** uint64 as text. */
const number = z.union([text, z.number()]).transform(String);
const labels = z.record(z.string(), z.string()).nullish();
const page = { nextPageToken: text.nullish() };

/** An error of an operation. */
export const errorShape = z.object({
  code: text.optional(),
  message: text.optional(),
  errorDetails: z
    .array(
      z.object({
        errorInfo: z.object({ metadatas: z.record(z.string(), text).optional() }).optional(),
      }),
    )
    .optional(),
});
const errors = z.object({ errors: z.array(errorShape).optional() }).nullish();

/** An operation of Compute. */
export const operationShape = z.object({
  name: text,
  status: text,
  operationGroupId: text.optional(),
  error: errors,
});

/** Operations of a zone. */
export const operationsShape = z.object({ items: z.array(operationShape).optional(), ...page });

/** An instance. */
export const instanceShape = z.object({
  id: number,
  name: text,
  zone: text.optional(),
  status: text.optional(),
  statusMessage: text.nullish(),
  machineType: text.nullish(),
  creationTimestamp: text.optional(),
  labels,
  metadata: z
    .object({ items: z.array(z.object({ key: text, value: z.string().nullish() })).nullish() })
    .nullish(),
  networkInterfaces: z
    .array(
      z.object({
        networkIP: text.nullish(),
        accessConfigs: z.array(z.object({ natIP: text.nullish() })).nullish(),
      }),
    )
    .nullish(),
  resourceStatus: z
    .object({
      physicalHost: text.nullish(),
      physicalHostTopology: z
        .object({ cluster: text.nullish(), block: text.nullish(), subblock: text.nullish() })
        .nullish(),
      reservationConsumptionInfo: z.object({ consumedReservation: text.nullish() }).nullish(),
      upcomingMaintenance: z
        .object({
          type: text.nullish(),
          maintenanceStatus: text.nullish(),
          windowStartTime: text.nullish(),
          windowEndTime: text.nullish(),
          maintenanceReasons: z.array(text).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/** A thing with a name, labels and perhaps a description. */
export const thingShape = z.object({
  id: number.optional(),
  name: text,
  zone: text.nullish(),
  region: text.nullish(),
  description: text.nullish(),
  status: z.unknown().optional(),
  labels,
  users: z.array(text).nullish(),
});

/** Why a place of an aggregated list is empty: it may be that nobody could look. */
const warning = z.object({ code: text.optional(), message: text.optional() }).nullish();
const everywhere = { unreachables: z.array(text).optional(), warning, ...page };

export const instancesEverywhere = z.object({
  items: z
    .record(z.string(), z.object({ warning, instances: z.array(instanceShape).optional() }))
    .optional(),
  ...everywhere,
});

/** Lists of things that are not instances: the key names what. */
export const thingsEverywhere = z.object({
  items: z
    .record(
      z.string(),
      z.object({
        warning,
        disks: z.array(thingShape).optional(),
        instanceGroupManagers: z.array(thingShape).optional(),
        resourcePolicies: z.array(thingShape).optional(),
      }),
    )
    .optional(),
  ...everywhere,
});

/** Instances of a zone. */
export const instancesShape = z.object({ items: z.array(instanceShape).optional(), ...page });

/** Global things. */
export const thingsShape = z.object({ items: z.array(thingShape).optional(), ...page });

/** Members of a managed group. */
export const membersShape = z.object({
  managedInstances: z
    .array(
      z.object({
        instance: text.nullish(),
        lastAttempt: z.object({ errors }).nullish(),
      }),
    )
    .optional(),
  ...page,
});

/** A reservation's end. */
export const reservationShape = z.object({ deleteAtTime: text.nullish() });

/** Host keys as the guest agent writes them. */
export const guestAttributesShape = z.object({
  queryValue: z
    .object({
      items: z.array(z.object({ key: text.optional(), value: text.optional() })).optional(),
    })
    .optional(),
});

/** The same of a node's workers. */
export const workersAttributesShape = z.object({
  guestAttributes: z.array(guestAttributesShape).optional(),
});

/** A node of the TPU API: a slice of one or many hosts. */
export const tpuNodeShape = z.object({
  name: text,
  state: text.optional(),
  health: text.nullish(),
  healthDescription: text.nullish(),
  symptoms: z
    .array(
      z.object({
        createTime: text.nullish(),
        symptomType: text.nullish(),
        details: text.nullish(),
        workerId: text.nullish(),
      }),
    )
    .nullish(),
  acceleratorType: text.nullish(),
  acceleratorConfig: z.object({ type: text.nullish(), topology: text.nullish() }).nullish(),
  runtimeVersion: text.nullish(),
  createTime: text.optional(),
  labels,
  networkEndpoints: z
    .array(
      z.object({
        ipAddress: text.optional(),
        accessConfig: z.object({ externalIp: text.nullish() }).nullish(),
      }),
    )
    .optional(),
});

/** Nodes of a location. */
export const tpuNodesShape = z.object({
  nodes: z.array(tpuNodeShape).optional(),
  unreachable: z.array(text).optional(),
  ...page,
});

/** Something under way in the TPU API; `code` is gRPC's number. */
export const tpuOperationShape = z.object({
  name: text,
  done: z.boolean().optional(),
  error: z.object({ code: z.number().optional(), message: text.optional() }).nullish(),
});

/** A queued resource, with what it was asked for. */
export const queuedResourceShape = z.object({
  name: text,
  state: z
    .object({
      state: text.optional(),
      failedData: z.object({ error: tpuOperationShape.shape.error }).nullish(),
    })
    .nullish(),
  tpu: z
    .object({
      nodeSpec: z
        .array(z.object({ nodeId: text.optional(), node: z.object({ labels }).nullish() }))
        .optional(),
    })
    .optional(),
});

/** Queued resources of a location. */
export const queuedShape = z.object({
  queuedResources: z.array(queuedResourceShape).optional(),
  unreachable: z.array(text).optional(),
  ...page,
});

/** Locations of the TPU API. */
export const locationsShape = z.object({
  locations: z.array(z.object({ locationId: text })).optional(),
  ...page,
});

export type Instance = z.output<typeof instanceShape>;
export type Thing = z.output<typeof thingShape>;
export type TpuNode = z.output<typeof tpuNodeShape>;
export type QueuedResource = z.output<typeof queuedResourceShape>;

/** The last segment of a URL or path. */
export function last(link: string | null | undefined): string {
  return link?.split('/').at(-1) ?? '';
}
