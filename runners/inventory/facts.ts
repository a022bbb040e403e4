/** Hardware → facts: short texts that node, fleet.json and the judge are made from. */
import type { Identity } from '../model.ts';
import type { Hardware } from './hardware.ts';

/** Serials that makers leave in by mistake: equal on many machines, so no identity. */
const PLACEHOLDER =
  /^(?:|0+|none|n\/a|not specified|not applicable|default string|to be filled.*|system serial number|chassis serial number|unknown|123456789|0123456789|f+|[0-]+|03000200-0400-0500-0006-000700080009)$/iu;

/** What must be equal over a lot; a difference is a finding. Facts `environment.<key>`. */
export const environmentKeys = [
  'driver',
  'cuda',
  'vbios',
  'gsp-firmware',
  'nic-firmware',
  'kernel',
  'os',
  'nccl',
  'torch',
  'jax',
  'libtpu',
  'tpu-runtime',
  'python',
  'cpu',
  'board',
  'bios',
  'container',
] as const;

/** Identity, strongest first; a machine-id or a name alone is none. */
function identityOf(hardware: Hardware): readonly Identity[] {
  const serial = ['product_serial', 'chassis_serial', 'board_serial']
    .map((name) => hardware.dmi[name]?.trim())
    .find((one) => one !== undefined && !PLACEHOLDER.test(one));
  const uuid = hardware.dmi['product_uuid']?.trim().toLowerCase();
  const gpus = hardware.gpus.flatMap((gpu) => gpu.uuid ?? []).sort();
  const nics = hardware.nics
    .filter((nic) => nic.rdma)
    .flatMap((nic) => nic.guid ?? [])
    .sort();
  const known: readonly Identity[] = [
    ...(serial === undefined ? [] : [{ kind: 'serial' as const, value: serial }]),
    ...(uuid === undefined || PLACEHOLDER.test(uuid)
      ? []
      : [{ kind: 'serial' as const, value: `uuid:${uuid}` }]),
    { kind: 'accelerators', value: gpus.join(',') },
    { kind: 'nics', value: nics.join(',') },
  ];
  return known.filter((one) => one.value !== '');
}

/** @returns name → value; a value that is not known has no entry */
export function factsOf(hardware: Hardware): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') facts.set(name, String(value).slice(0, 4000));
  };
  for (const one of hardware.accelerators) add(`accelerator.${one.index}`, JSON.stringify(one));
  for (const [index, one] of identityOf(hardware).entries()) {
    add(`identity.${index}`, JSON.stringify(one));
  }
  const { system, dmi, nics, gpus, cpu } = hardware;
  const board = [dmi['sys_vendor'], dmi['product_name']].filter((one) => one !== undefined);
  const environment: Record<(typeof environmentKeys)[number], string | undefined> = {
    driver: hardware.driver,
    cuda: hardware.cuda,
    vbios: set(gpus.map((gpu) => gpu.vbios)),
    'gsp-firmware': set(gpus.map((gpu) => gpu.gsp)),
    'nic-firmware': set(nics.map((nic) => nic.firmware)),
    kernel: system.kernel,
    os: system.os,
    nccl: set(hardware.nccl),
    torch: hardware.torch,
    jax: hardware.jax,
    libtpu: hardware.libtpu,
    'tpu-runtime': hardware.slice?.get('RUNTIME_VERSION'),
    python: system.python,
    cpu: cpu.model,
    board: board.join(' '),
    bios: dmi['bios_version'],
    container: system.container,
  };
  for (const key of environmentKeys) add(`environment.${key}`, environment[key]);
  add('machine', system['boot-id']);
  add('kind', hardware.kind);
  add('accelerators', hardware.accelerators.length);
  add('accelerators-on-bus', hardware.onBus);
  add('nics', nics.filter((nic) => nic.active).length);
  const rates = nics.filter((nic) => nic.active).flatMap((nic) => nic.rate ?? []);
  add('nic-rate', rates.length > 0 ? Math.min(...rates) : undefined);
  add('nic-kind', nics.some((nic) => nic.rdma) ? 'rdma' : nics.length > 0 ? 'ethernet' : undefined);
  add('memory', hardware.memory);
  add('cpu-threads', cpu.threads);
  add('cpu-sockets', cpu.sockets);
  add('numa', hardware.numa > 0 ? hardware.numa : undefined);
  add('nvme', hardware.nvme);
  add('virtual', system.virtual ?? cpu.hypervisor);
  for (const [name, state] of Object.entries(hardware.services)) add(`service.${name}`, state);
  const paths = hardware.topology?.devices
    .slice(1)
    .map((to) => hardware.topology?.path('GPU0', to));
  add('topology.gpu0', paths?.join(' '));
  const links = hardware.nvlink.map((gpu) => gpu.links.filter((rate) => rate > 0).length);
  add('nvlinks', links.length > 0 ? Math.min(...links) : undefined);
  add('clock-error', hardware.clock?.maxerror);
  sliceFacts(hardware, add);
  const domain = gpus.map((gpu) => gpu.fabric).find((one) => one?.cluster !== undefined);
  if (domain !== undefined) add('domain.nvlink', `${domain.cluster}.${domain.clique ?? '0'}`);
  return facts;
}

/** The slice that a TPU host is part of, and its place there. */
function sliceFacts({ slice, tpuInfo }: Hardware, add: (name: string, value?: string) => void) {
  const of = (...keys: readonly string[]) =>
    keys.map((key) => slice?.get(key)).find((one) => one !== undefined);
  add('tpu.type', of('TPU_ACCELERATOR_TYPE', 'ACCELERATOR_TYPE') ?? tpuInfo?.accelerator);
  add('tpu.topology', of('TOPOLOGY'));
  add('tpu.worker', of('TPU_WORKER_ID', 'WORKER_ID'));
  add('tpu.host-bounds', of('HOST_BOUNDS'));
  add('tpu.chips-per-host-bounds', of('CHIPS_PER_HOST_BOUNDS'));
  add('tpu.wrap', of('TPU_TOPOLOGY_WRAP', 'WRAP'));
  add('tpu.ici-resiliency', of('ENABLE_ICI_RESILIENCY'));
  const held = tpuInfo?.chips.filter(({ pid }) => pid !== undefined);
  add('tpu.held', held?.map(({ path, pid }) => `${path} by ${pid}`).join(', '));
  // A virtual machine that Compute made says "0": no name of a slice.
  const name = of('NODE_ID');
  if (name !== undefined && !/^\d+$/u.test(name)) {
    add('domain.slice', [of('ZONE'), name].filter((one) => one !== undefined).join('/'));
  }
}

/** Distinct values, sorted, as one text; undefined where none is known. */
function set(values: readonly (string | undefined)[]): string | undefined {
  const distinct = [...new Set(values.filter((one) => one !== undefined))].sort();
  return distinct.length > 0 ? distinct.join(', ') : undefined;
}
