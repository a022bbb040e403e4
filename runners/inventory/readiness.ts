/**
 * Readiness: what must be right before anything is measured (FACTS.md F, first ten minutes).
 * A rule that can't read what it needs gives nothing, so that its criterion stays not tested.
 */
import { classifyXid } from '../../plan/catalogue/xid.ts';
import type { Gpu } from './model.ts';
import type { Hardware, Nic } from './hardware.ts';

/** One result; `gpu` where it is about one accelerator. */
export interface Ready {
  readonly name: ReadinessName;
  readonly ok: boolean;
  readonly detail: string;
  readonly gpu?: Gpu;
}

interface Rule {
  readonly per: 'node' | 'accelerator';
  /** Kinds of node that it applies to. */
  readonly kinds: readonly Hardware['kind'][];
  /** Output that it is read from. */
  readonly from: string;
}

/** Every check, on what, and for which kind of node. */
export const readinessRules = {
  'readiness.accelerator-count': { per: 'node', kinds: ['gpu', 'tpu', 'cpu'], from: 'pci' },
  'readiness.accelerator-memory': { per: 'node', kinds: ['gpu', 'tpu'], from: 'nvidia-smi -q -x' },
  'readiness.nics': { per: 'node', kinds: ['gpu', 'tpu'], from: 'infiniband' },
  'readiness.row-remap': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.mig': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.ecc': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.power-limit': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.fabric': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.pcie-generation': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.pcie-width': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.nvlink': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi nvlink --status' },
  'readiness.foreign-processes': { per: 'accelerator', kinds: ['gpu'], from: 'nvidia-smi -q -x' },
  'readiness.xid': { per: 'node', kinds: ['gpu'], from: 'dmesg' },
  'readiness.memlock': { per: 'node', kinds: ['gpu'], from: 'system' },
  'readiness.shm': { per: 'node', kinds: ['gpu', 'cpu'], from: 'system' },
  'readiness.acs': { per: 'node', kinds: ['gpu'], from: 'lspci' },
  'readiness.gpudirect': { per: 'node', kinds: ['gpu'], from: 'modules' },
  'readiness.clock': { per: 'node', kinds: ['gpu', 'tpu'], from: 'clock' },
} as const satisfies Record<string, Rule>;

type ReadinessName = keyof typeof readinessRules;

/** Docker's default, in bytes, with which ranks on one node still meet; less breaks gloo and NCCL. */
const SHM_MINIMUM = 64 * 2 ** 20 - 2 ** 16;
/** GPU nodes hold NCCL's buffers and loaders there: Docker's default is the field's classic mistake. */
const SHM_GPU = 2 ** 30;

/** All results that the outputs allow. */
export function readinessOf(hardware: Hardware): readonly Ready[] {
  const results: Ready[] = [];
  const say = (name: ReadinessName, ok: boolean | undefined, detail: string, gpu?: Gpu): void => {
    const kinds: readonly string[] = readinessRules[name].kinds;
    if (ok === undefined || !kinds.includes(hardware.kind)) return;
    results.push({ name, ok, detail, ...(gpu !== undefined && { gpu }) });
  };
  countAndMemory(hardware, say);
  for (const gpu of hardware.gpus) accelerator(gpu, hardware, say);
  nics(hardware, say);
  host(hardware, say);
  return results;
}

type Say = (name: ReadinessName, ok: boolean | undefined, detail: string, gpu?: Gpu) => void;

function countAndMemory(hardware: Hardware, say: Say): void {
  const listed = hardware.accelerators.length;
  const { onBus } = hardware;
  if (hardware.kind === 'gpu' && onBus !== undefined) {
    const bus = `${onBus} on the PCI bus, ${listed} listed by the driver`;
    say('readiness.accelerator-count', onBus === 0 ? undefined : listed === onBus, bus);
  } else if (hardware.kind === 'tpu' && hardware.tpuInfo !== undefined) {
    const seen = hardware.tpuInfo.chips.length;
    const chips = `${listed} chips on the PCI bus, ${seen} listed by tpu-info`;
    say('readiness.accelerator-count', listed > 0 && listed === seen, chips);
  } else if (hardware.kind !== 'gpu' && onBus !== undefined) {
    say(
      'readiness.accelerator-count',
      listed > 0,
      `no GPU on the PCI bus; ${listed} × ${hardware.kind}`,
    );
  }
  const sizes = [...new Set(hardware.accelerators.map((one) => one.memory))];
  const shown = sizes.map((bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`).join(', ');
  say(
    'readiness.accelerator-memory',
    listed === 0 ? undefined : sizes.length === 1,
    `memory ${shown}`,
  );
}

function accelerator(gpu: Gpu, hardware: Hardware, say: Say): void {
  const { remaps, fabric, pcie } = gpu;
  say(
    'readiness.row-remap',
    remaps && !remaps.pending && !remaps.failure,
    `row remap pending: ${String(remaps?.pending)}, failed: ${String(remaps?.failure)}`,
    gpu,
  );
  // MIG "N/A" means that the part has none.
  say(
    'readiness.mig',
    gpu.mig === undefined ? undefined : !gpu.mig,
    `MIG ${gpu.mig ? 'on' : 'off'}`,
    gpu,
  );
  say('readiness.ecc', gpu.ecc, `ECC ${gpu.ecc ? 'on' : 'off'}`, gpu);
  say(
    'readiness.power-limit',
    gpu.powerLimit === undefined || gpu.powerDefault === undefined
      ? undefined
      : Math.abs(gpu.powerLimit - gpu.powerDefault) < 1,
    `power limit ${gpu.powerLimit} W, default ${gpu.powerDefault} W`,
    gpu,
  );
  say(
    'readiness.fabric',
    fabric && fabric.state === 'Completed' && fabric.status === 'Success',
    `fabric state ${fabric?.state}, status ${fabric?.status}`,
    gpu,
  );
  if (pcie !== undefined) {
    const { gen, maxGen, deviceGen, width, maxWidth } = pcie;
    // An idling GPU lowers its link: then the generation is not readable here, only at work.
    const idle = gen < maxGen && gpu.state !== 'P0';
    const shown = `PCIe generation ${gen}, ${maxGen} possible here, device ${deviceGen}`;
    say('readiness.pcie-generation', idle ? undefined : gen === maxGen, shown, gpu);
    say('readiness.pcie-width', width === maxWidth, `PCIe x${width} of x${maxWidth}`, gpu);
  }
  const links = hardware.nvlink.find((one) => one.uuid === gpu.uuid)?.links ?? [];
  const down = links.filter((rate) => rate === 0).length;
  say(
    'readiness.nvlink',
    links.length === 0 ? undefined : down === 0,
    `${links.length - down} of ${links.length} NVLinks active`,
    gpu,
  );
  say(
    'readiness.foreign-processes',
    gpu.processes.length === 0,
    gpu.processes.length === 0
      ? 'no process on the GPU'
      : `processes on the GPU: ${gpu.processes
          .map((one) => `${one.pid} ${one.name}`)
          .join(', ')
          .slice(0, 500)}`,
    gpu,
  );
}

/** Cards of one model are held against each other: storage and management cards have their own rates. */
function nics(hardware: Hardware, say: Say): void {
  const models = new Map<string, Nic[]>();
  for (const nic of hardware.nics) {
    const cards = models.get(nic.model ?? '');
    if (cards === undefined) models.set(nic.model ?? '', [nic]);
    else cards.push(nic);
  }
  // A model of which no card is active is not in use; the count of active cards is a fact of its own.
  const used = [...models.values()].filter((cards) => cards.some((nic) => nic.active)).flat();
  const bad = used.filter((nic) => {
    const cards = models.get(nic.model ?? '') ?? [];
    const best = Math.max(0, ...cards.map((one) => one.rate ?? 0));
    const narrow = (nic.lanes ?? 4) < 4 || (nic.width ?? 0) < (nic.maxWidth ?? 0);
    return !nic.active || (nic.rate ?? 0) < best || narrow;
  });
  const shown = (nic: Nic) =>
    `${nic.name} ${nic.active ? 'active' : 'down'} ${((nic.rate ?? 0) * 8) / 1e9} Gb/s x${nic.lanes ?? '?'}` +
    ` PCIe x${nic.width ?? '?'} of x${nic.maxWidth ?? '?'}`;
  const detail =
    bad.length === 0
      ? `${used.length} NICs active at full rate and width`
      : `not at full rate or width: ${bad.map(shown).join(', ')}`;
  say('readiness.nics', used.length === 0 ? undefined : bad.length === 0, detail);
}

function host(hardware: Hardware, say: Say): void {
  const { system, modules, xids, clock } = hardware;
  const serious = (xids ?? []).filter((one) => classifyXid(one.code) === 'hardware');
  const named = [...new Set(serious.map((one) => `${one.code} on ${one.pci}`))]
    .slice(0, 20)
    .join(', ');
  say(
    'readiness.xid',
    xids && serious.length === 0,
    serious.length === 0 ? 'no hardware XID in the kernel log' : `XID ${named}`,
  );
  const { memlock, shm } = system;
  say(
    'readiness.memlock',
    memlock === undefined
      ? undefined
      : memlock === 'unlimited' || memlock >= (hardware.memory ?? Infinity),
    `memlock ${memlock === 'unlimited' ? 'unlimited' : `${memlock} B`}`,
  );
  const least = hardware.kind === 'gpu' ? SHM_GPU : SHM_MINIMUM;
  say(
    'readiness.shm',
    shm === undefined ? undefined : shm >= least,
    `/dev/shm ${shm} B, at least ${least} B`,
  );
  const guest = system.virtual ?? hardware.cpu.hypervisor;
  const on = hardware.accessControl;
  if (guest !== undefined) {
    say('readiness.acs', true, `virtual machine (${guest}): access control is the host's`);
  } else
    say(
      'readiness.acs',
      on === undefined ? undefined : on === 0,
      `access control on at ${on} bridges`,
    );
  if (hardware.nics.some((nic) => nic.rdma) && modules !== undefined) {
    const loaded = Object.keys(modules.loaded);
    const peer = loaded.find((name) =>
      /^(?:nvidia_peermem|nv_peer_mem|efa_nv_peermem)$/u.test(name),
    );
    // DMA-BUF needs the kernel's half and NVIDIA's open kernel modules.
    const dmabuf = modules.dmabuf === true && /open kernel module/iu.test(modules.nvidia ?? '');
    const way = peer ?? (dmabuf ? 'DMA-BUF' : 'neither peermem nor DMA-BUF');
    say('readiness.gpudirect', peer !== undefined || dmabuf, `GPUDirect RDMA by ${way}`);
  }
  const synchronised = clock?.synchronised;
  say('readiness.clock', synchronised, `kernel clock ${synchronised ? '' : 'not '}synchronised`);
}
