/** Whether the NCCL profile that a plan names is one for its machines. */
import { NCCL_PROFILES, ncclProfile, type NcclProfile } from './catalogue/nccl-profiles.ts';
import { cpuReference } from './catalogue/cpu-reference.ts';
import type { Delivery, FleetOptions, Part, Plan } from './model.ts';
import type { Problems } from './problems.ts';

const CLOUDS = ['aws', 'azure', 'gcp', 'oci'];
/** What the clouds' provision blocks call the kind of machine. */
const TYPE_KEYS = ['type', 'size', 'shape'];

/** What is known of a plan's machines before there are any. */
interface Machines {
  readonly cloud?: string;
  readonly type?: string;
  readonly sku?: string;
}

/** Refuses a known profile that was written for other machines: other interfaces, other files, another network. */
export function checkProfile(
  suites: Plan['suites'],
  fleet: FleetOptions,
  delivery: Delivery,
  part: Part | undefined,
  problems: Problems,
): void {
  const nccl: { readonly profile?: unknown } =
    suites.find(({ id }) => id === 'nccl')?.options ?? {};
  const name = nccl.profile;
  const profile = ncclProfile(name);
  if (profile === undefined) return;
  const machines = machinesOf(fleet, delivery, part);
  const why = misfit(profile, machines);
  if (why === undefined) return;
  const fitting = Object.keys(NCCL_PROFILES).filter(
    (one) => misfit(NCCL_PROFILES[one] as NcclProfile, machines) === undefined,
  );
  problems.add(
    'PLAN_INVALID',
    ['suites', 'nccl', 'profile'],
    `${String(name)} is not for these machines: ${why}`,
    `Those that are: ${fitting.join(', ')}; or name settings of your own, and set them by environment.`,
  );
}

function machinesOf(
  { runner, options }: FleetOptions,
  { provider, sku }: Delivery,
  part: Part | undefined,
): Machines {
  const { provision = {} } = options as { readonly provision?: Readonly<Record<string, unknown>> };
  const cloud = [runner, provider].find((one) => CLOUDS.includes(one));
  const type = TYPE_KEYS.map((key) => provision[key]).find((one) => typeof one === 'string');
  // The reference device stands for whatever the plan says it does.
  const known = part !== undefined && sku !== cpuReference.sku;
  return {
    ...(cloud !== undefined && { cloud }),
    ...(type !== undefined && { type }),
    ...(known && { sku }),
  };
}

/** The first reason; undefined: none is known. */
function misfit({ cloud, types, skus }: NcclProfile, machines: Machines): string | undefined {
  if (cloud !== undefined && machines.cloud !== undefined && cloud !== machines.cloud) {
    return `it is of ${cloud}, they are of ${machines.cloud}`;
  }
  if (types !== undefined && machines.type !== undefined && !types.includes(machines.type)) {
    return `it was written for ${types.join(', ')}, they are ${machines.type}`;
  }
  if (skus !== undefined && machines.sku !== undefined && !skus.includes(machines.sku)) {
    return `it was written for ${skus.join(', ')}, they are ${machines.sku}`;
  }
  return undefined;
}
