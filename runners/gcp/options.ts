/** The plan's block of the gcp runner: GPUs and TPUs. */
import { z } from 'zod';
import { cloudFields, oneWay, someOf, type AttachOf, type ProvisionOf } from '../cloud/options.ts';
import { hostsOf, TPU_TYPES } from './slice-size.ts';

const project = z
  .string()
  .regex(/^(?:[a-z0-9.-]{1,60}:)?[a-z][a-z0-9-]{4,61}[a-z0-9]$/u, 'a project id');
/** "us-central1-a", and zones of AI capacity: "us-central1-ai1a". */
const zone = z.string().regex(/^[a-z]+-[a-z]+\d+-[a-z0-9]+$/u, 'a zone is like us-central1-a');
const named = z.string().regex(/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, 'a name of Compute Engine');
const label = z.string().regex(/^[a-z0-9_-]{0,63}$/u, 'small letters, digits, "_", "-"');
const path = (kind: string) =>
  z
    .string()
    .max(500)
    .regex(new RegExp(String.raw`^projects/[\w.:-]+/${kind}$`, 'u'), `projects/…/${kind}`);
const reservation = path(
  String.raw`reservations/[\w-]+(?:/reservationBlocks/[\w-]+(?:/reservationSubBlocks/[\w-]+)?)?`,
).meta({ description: 'specific reservation; a block or sub-block of it by its path' });

const nic = z.strictObject({
  network: path(String.raw`global/networks/[\w-]+`),
  subnetwork: path(String.raw`regions/[\w-]+/subnetworks/[\w-]+`).optional(),
  type: z.enum(['GVNIC', 'MRDMA', 'IRDMA', 'IDPF', 'VIRTIO_NET']),
});

/** Where machines are made: a zone, its networks, and what capacity there is meant. */
const place = z.strictObject({
  zone,
  network: path(String.raw`global/networks/[\w-]+`),
  subnetwork: path(String.raw`regions/[\w-]+/subnetworks/[\w-]+`),
  interfaces: z
    .array(nic)
    .max(16)
    .default([])
    .meta({ description: 'beside the first one: the fabric of A3, A4, A4X; see the page' }),
  reservation: reservation.optional(),
  model: z
    .enum(['standard', 'reservation-bound', 'spot'])
    .default('standard')
    .meta({ description: 'reservation-bound for dense and calendar reservations' }),
  'placement-policy': path(String.raw`regions/[\w-]+/resourcePolicies/[\w-]+`).optional(),
});

export const gcpOptions = z
  .strictObject({
    ...cloudFields,
    project,
    attach: z
      .strictObject({
        zones: z.array(zone).min(1).max(50).optional().meta({
          description: 'where to look; left out: every zone, in one list',
        }),
        names: z.array(named).min(1).optional(),
        ids: z
          .array(z.string().regex(/^[1-9]\d{0,19}$/u))
          .min(1)
          .optional(),
        labels: z.record(label, label).optional(),
        reservation: reservation.optional(),
        'instance-group': named.optional().meta({ description: 'managed instance group' }),
        'tpu-nodes': z.array(named).min(1).optional(),
        'queued-resources': z.array(named).min(1).optional(),
      })
      .superRefine(
        someOf(
          'names',
          'ids',
          'labels',
          'reservation',
          'instance-group',
          'tpu-nodes',
          'queued-resources',
        ),
      )
      .superRefine(zonal)
      .optional(),
    provision: z
      .strictObject({
        nodes: z.int().min(1).max(20_000),
        mechanism: z.enum(['bulk', 'slice', 'tpu-node', 'queued-resource']).default('bulk').meta({
          description:
            'bulk: bulkInsert; slice: a managed instance group with a workload policy (A4X, TPUs); tpu-node, queued-resource: the TPU API (v4 to v6e)',
        }),
        type: z
          .string()
          .regex(
            /^(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)+|v4|v5e|v5p|v6e)$/u,
            'a type is like a4-highgpu-8g',
          )
          .meta({ description: 'machine type; of the TPU API v4, v5e, v5p or v6e' }),
        topology: z
          .string()
          .regex(/^\d+(?:x\d+){1,2}$/u)
          .optional()
          .meta({ description: 'of a slice: "1x72", "4x8", "2x2x2"' }),
        image: path(String.raw`global/images/(?:family/)?[\w-]+`).optional(),
        'runtime-version': z
          .string()
          .regex(/^[a-z0-9.-]{1,100}$/u)
          .optional()
          .meta({ description: "the TPU API's word for an image: v2-alpha-tpuv6e" }),
        places: z.array(place).min(1).max(20),
        'disk-gib': z.int().min(10).max(65_536).default(200),
        'disk-type': named.optional(),
        'service-account': z.string().max(200).optional(),
      })
      .superRefine(saneSlice)
      .optional(),
  })
  .superRefine(oneWay);

/** The block with its defaults. */
export type GcpOptions = z.output<typeof gcpOptions>;
export type Attach = AttachOf<GcpOptions>;
export type Provision = ProvisionOf<GcpOptions>;
export type Place = Provision['places'][number];

/** Whether machines are made by the TPU API. */
export function isTpuApi(mechanism: string): boolean {
  return mechanism === 'tpu-node' || mechanism === 'queued-resource';
}

function zonal(attach: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const keys = ['instance-group', 'tpu-nodes', 'queued-resources'];
  if (keys.some((key) => attach[key] !== undefined) && attach['zones'] === undefined) {
    context.addIssue({ code: 'custom', message: 'needs zones: this is looked up zone by zone' });
  }
}

function saneSlice(
  provision: {
    readonly mechanism: string;
    readonly topology?: string | undefined;
    readonly type: string;
    readonly nodes: number;
    readonly image?: string | undefined;
    readonly 'runtime-version'?: string | undefined;
    readonly places: readonly z.output<typeof place>[];
  },
  context: z.RefinementCtx,
): void {
  const { topology, type, nodes, mechanism } = provision;
  const tpuApi = isTpuApi(mechanism);
  const refuse = (key: string, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message });
  if ((mechanism !== 'bulk') !== (topology !== undefined)) {
    refuse('topology', 'a slice has a topology, and nothing else has one');
  }
  if (tpuApi !== Object.hasOwn(TPU_TYPES, type)) {
    const types = Object.keys(TPU_TYPES).join(', ');
    refuse('type', `${types} are types of tpu-node and queued-resource, which take no other`);
  }
  if (tpuApi === (provision.image !== undefined)) {
    refuse('image', tpuApi ? 'the TPU API has a runtime-version in its place' : 'is needed');
  }
  if (tpuApi !== (provision['runtime-version'] !== undefined)) {
    refuse('runtime-version', tpuApi ? 'is needed' : 'goes with tpu-node and queued-resource');
  }
  const hosts = topology === undefined ? 1 : hostsOf(type, topology);
  if (nodes % hosts !== 0) {
    const message = `a slice ${topology ?? ''} of ${type} has ${hosts} hosts: nodes must be a multiple`;
    context.addIssue({ code: 'custom', path: ['nodes'], message });
  }
  for (const [index, one] of provision.places.entries()) {
    const at = ['places', index];
    const foreign =
      one.model === 'reservation-bound' ||
      one.interfaces.length > 0 ||
      one['placement-policy'] !== undefined;
    if (tpuApi && foreign) {
      const message = 'the TPU API knows no interfaces, placement-policy or reservation-bound';
      context.addIssue({ code: 'custom', path: at, message });
    }
    if (one.model === 'reservation-bound' && one.reservation === undefined) {
      const message = 'reservation-bound needs its reservation';
      context.addIssue({ code: 'custom', path: at, message });
    }
    if (one.reservation !== undefined && one.model === 'spot') {
      const message = 'spot takes no reservation';
      context.addIssue({ code: 'custom', path: at, message });
    }
  }
}
