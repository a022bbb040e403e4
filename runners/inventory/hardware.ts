/** One node's outputs, parsed once: what facts, identity and readiness are read from. */
import type { Accelerator } from '../model.ts';
import type { Gpu } from './model.ts';
import type { Outputs } from './outputs.ts';
import { parseAmdSmi } from './parse/amd-smi.ts';
import * as files from './parse/files.ts';
import { parseXids, type Xid } from './parse/kernel-log.ts';
import { parseLscpu, type Cpu } from './parse/lscpu.ts';
import { parseNvidiaSmi } from './parse/nvidia-smi.ts';
import { parseNvlinkStatus, type NvlinkStatus } from './parse/nvlink.ts';
import { parseRocmSmi } from './parse/rocm-smi.ts';
import { GOOGLE, parseTpuEnv, parseTpuInfo, TPUS, type TpuInfo } from './parse/tpu.ts';
import { parseTopology, type Topology } from './parse/topology.ts';

/** PCI vendors of GPUs; display controllers of others (a server's VGA) are no accelerators. */
const GPU_VENDORS = ['0x10de', '0x1002'];
const GPU_CLASSES = /^0x(?:0300|0302|0380|1200)/u;
export interface Nic {
  readonly name: string;
  /** Board or driver: cards of one model are held against each other. */
  readonly model?: string;
  readonly guid?: string;
  readonly firmware?: string;
  /** Every port is ACTIVE (or up). */
  readonly active: boolean;
  /** B/s, one direction, slowest port. */
  readonly rate?: number;
  readonly lanes?: number;
  /** PCIe lanes now and at most. */
  readonly width?: number;
  readonly maxWidth?: number;
  readonly rdma: boolean;
}

export interface Hardware {
  readonly kind: 'gpu' | 'tpu' | 'cpu';
  readonly accelerators: readonly Accelerator[];
  readonly gpus: readonly Gpu[];
  /** GPUs as the PCI bus shows them; absent where the bus can't be read. */
  readonly onBus?: number;
  readonly driver?: string;
  readonly cuda?: string;
  readonly cpu: Cpu;
  /** Bytes of RAM. */
  readonly memory?: number;
  readonly nics: readonly Nic[];
  readonly system: ReturnType<typeof files.system.parse>;
  readonly dmi: Readonly<Record<string, string>>;
  readonly modules?: ReturnType<typeof files.modules.parse>;
  readonly clock?: ReturnType<typeof files.clock.parse>;
  readonly torch?: string;
  readonly jax?: string;
  readonly libtpu?: string;
  /** The slice by the host's metadata: `tpu-env`'s keys. */
  readonly slice?: ReadonlyMap<string, string>;
  readonly tpuInfo?: TpuInfo;
  /** Versions of the libnccl found, newest last. */
  readonly nccl: readonly string[];
  readonly nvme: number;
  readonly numa: number;
  readonly services: Readonly<Record<string, string>>;
  readonly topology?: Topology;
  readonly nvlink: readonly NvlinkStatus[];
  /** Absent where the kernel log can't be read. */
  readonly xids?: readonly Xid[];
  /** Access control on a PCIe bridge: how many bridges have it on; absent where not readable. */
  readonly accessControl?: number;
}

/**
 * @param outputs all that one node printed
 * @param referenceDevices that it counts as, where it has no accelerator
 */
export function hardwareOf(outputs: Outputs, referenceDevices = 1): Hardware {
  const smi = parsed(outputs.text('nvidia-smi -q -x'), parseNvidiaSmi);
  const list = outputs.text('amd-smi list --json');
  const amd = parsed(outputs.text('amd-smi static --json'), (text) => parseAmdSmi(text, list));
  // Its successor first: from ROCm 7 on rocm-smi is no more than kept.
  const rocm = amd ?? parsed(outputs.text('rocm-smi -a --json'), parseRocmSmi);
  const gpus = smi?.gpus ?? rocm?.gpus ?? [];
  const pci = outputs.json('pci', files.pci);
  const system = outputs.json('system', files.system) ?? {};
  const cpu = parsed(outputs.text('lscpu -J'), parseLscpu) ?? {};
  const memory = files.memoryTotal(system.meminfo);
  const bus = Object.values(pci ?? {});
  const onBus = bus.filter(
    (one) => GPU_VENDORS.includes(one.vendor ?? '') && GPU_CLASSES.test(one.class ?? ''),
  ).length;
  const tpus = bus.flatMap((one) => (one.vendor === GOOGLE ? [TPUS[one.device ?? '']] : []));
  const libraries = outputs.json('libraries', files.libraries);
  const log = outputs.text('dmesg');
  const lspci = outputs.text('lspci');
  const modules = outputs.json('modules', files.modules);
  const clock = outputs.json('clock', files.clock);
  const slice = parsed(outputs.text('tpu-env'), parseTpuEnv);
  const tpuInfo = parsed(outputs.text('tpu-info'), parseTpuInfo);
  const libtpu = libraries?.libtpu ?? tpuInfo?.libtpu;
  const topology = parsed(outputs.text('nvidia-smi topo -m'), parseTopology);
  const driver = smi?.driver ?? rocm?.driver;
  // A GPU that the bus shows and no driver lists is a broken GPU node, not a CPU node.
  const kind = gpus.length > 0 || onBus > 0 ? 'gpu' : tpus.length > 0 ? 'tpu' : 'cpu';
  return {
    kind,
    accelerators:
      kind === 'gpu'
        ? gpus.flatMap(asAccelerator)
        : kind === 'tpu'
          ? tpus.flatMap((one, index): readonly Accelerator[] =>
              one === undefined ? [] : [{ id: `chip${index}`, kind: 'tpu', index, ...one }],
            )
          : reference(cpu, memory, referenceDevices),
    gpus,
    ...(pci !== undefined && { onBus }),
    ...(driver !== undefined && { driver }),
    ...(smi?.cuda !== undefined && { cuda: smi.cuda }),
    cpu,
    ...(memory !== undefined && { memory }),
    nics: nicsOf(outputs),
    system,
    dmi: outputs.json('dmi', files.dmi) ?? {},
    ...(modules !== undefined && { modules }),
    ...(clock !== undefined && { clock }),
    ...(libraries?.torch !== undefined && { torch: libraries.torch }),
    ...(libraries?.jax !== undefined && { jax: libraries.jax }),
    ...(libtpu !== undefined && { libtpu }),
    ...(slice !== undefined && { slice }),
    ...(tpuInfo !== undefined && { tpuInfo }),
    nccl: [...new Set(Object.values(libraries?.nccl ?? {}))]
      .filter((code) => code !== null)
      .sort((a, b) => a - b)
      .map(files.ncclVersion),
    nvme: Object.keys(outputs.json('nvme', files.nvme) ?? {}).length,
    numa: Object.keys(outputs.json('numa', files.numa) ?? {}).length,
    services: outputs.json('services', files.services) ?? {},
    ...(topology !== undefined && { topology }),
    nvlink: parseNvlinkStatus(outputs.text('nvidia-smi nvlink --status') ?? ''),
    ...(log !== undefined && { xids: parseXids(log) }),
    ...(lspci !== undefined && {
      accessControl: lspci.split('\n').filter((line) => /ACSCtl:.*\bReqRedir\+/u.test(line)).length,
    }),
  };
}

/** A GPU without a UUID or memory can't be an accelerator of the lot: nothing could be said of it. */
function asAccelerator(gpu: Gpu): readonly Accelerator[] {
  if (gpu.uuid === undefined || gpu.memory === undefined) return [];
  const { uuid: id, model, index, memory } = gpu;
  return [{ id, kind: 'gpu', model, index, memory, cores: 1 }];
}

/** They share the machine's cores and memory. */
function reference(cpu: Cpu, memory: number | undefined, count: number): readonly Accelerator[] {
  if (memory === undefined) return [];
  const one = { kind: 'cpu', model: cpu.model ?? 'CPU', memory, cores: cpu.threads ?? 1 } as const;
  return Array.from({ length: count }, (_, index) => {
    const id = count === 1 ? 'cpu' : `cpu${index}`;
    return { id, index, ...one };
  });
}

function nicsOf(outputs: Outputs): readonly Nic[] {
  const rdma = Object.entries(outputs.json('infiniband', files.infiniband) ?? {});
  if (rdma.length > 0) {
    return rdma.map(([name, one]): Nic => {
      const ports = Object.values(one.ports ?? {});
      const rates = ports
        .map((port) => files.parsePortRate(port.rate))
        .filter((rate) => rate !== undefined);
      const width = Number(one.current_link_width);
      const maxWidth = Number(one.max_link_width);
      return {
        name,
        model: one.board_id ?? one.hca_type ?? 'rdma',
        ...(one.node_guid !== undefined && { guid: one.node_guid }),
        ...(one.fw_ver !== undefined && { firmware: one.fw_ver }),
        active: ports.length > 0 && ports.every((port) => /ACTIVE/u.test(port.state ?? '')),
        ...(rates.length > 0 && {
          rate: Math.min(...rates.map((one) => one.rate)),
          lanes: Math.min(...rates.map((one) => one.lanes)),
        }),
        ...(width > 0 && maxWidth > 0 && { width, maxWidth }),
        rdma: true,
      };
    });
  }
  return Object.entries(outputs.json('net', files.net) ?? {}).map(([name, one]): Nic => {
    const megabits = Number(one.speed);
    return {
      name,
      model: one.driver ?? 'ethernet',
      ...(one.address !== undefined && { guid: one.address }),
      active: one.operstate === 'up',
      ...(megabits > 0 && { rate: (megabits * 1e6) / 8 }),
      rdma: false,
    };
  });
}

function parsed<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
