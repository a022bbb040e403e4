/** What the payload would print on a node that is truly as `node.node` says. */
import { partFor } from '../../plan/catalogue/parts.ts';
import type { Accelerator, PlacedStep, SimulatedNode } from '../model.ts';
import { GOOGLE, TPUS } from './parse/tpu.ts';

const MIB = 2 ** 20;

/**
 * Values asked of the node: `inventory.on-bus` (GPUs on the PCI bus), `inventory.nics`,
 * `inventory.nic-rate` (B/s), `inventory.nic-lanes`, `inventory.nics-bad` (cards at half width),
 * `inventory.ram` (B) and `inventory.power` (W); `environment`, `identity` and `accelerators` are the node's own.
 */
export function* simulateInventory(_: PlacedStep, node: SimulatedNode): Iterable<string> {
  const { accelerators, environment, identity } = node.node;
  const say = (source: string, text: string): string => output(source, text);
  const ask = (name: string): number | undefined => node.value(`inventory.${name}`, {});
  const gpus = accelerators.filter((one) => one.kind === 'gpu');
  const onBus = accelerators.some(({ kind }) => kind === 'tpu')
    ? 0
    : (ask('on-bus') ?? gpus.length);
  const serial = identity.find((one) => one.kind === 'serial')?.value;
  yield say('lscpu -J', JSON.stringify({ lscpu: lscpu(node) }));
  yield say(
    'system',
    JSON.stringify({
      kernel: environment['kernel'],
      os: environment['os'],
      python: environment['python'],
      'boot-id': node.node.machine,
      meminfo: `MemTotal:  ${Math.round((ask('ram') ?? 2 ** 40) / 1024)} kB`,
      memlock: 'unlimited',
      shm: 2 ** 36,
      container: 'none',
    }),
  );
  yield say('dmi', JSON.stringify(serial === undefined ? {} : { product_serial: serial }));
  const bus = Array.from({ length: onBus }, (_, index) => [
    `0000:${hex(index + 16)}:00.0`,
    { vendor: '0x10de', device: '0x2330', class: '0x030200' },
  ]);
  const chips = accelerators.flatMap((one) => (one.kind === 'tpu' ? [chipOnBus(one)] : []));
  yield say('pci', JSON.stringify(Object.fromEntries([...bus, ...chips])));
  yield say('infiniband', JSON.stringify(infiniband(node, ask)));
  yield say(
    'modules',
    JSON.stringify({ loaded: { nvidia: '', nvidia_peermem: '' }, dmabuf: false }),
  );
  yield say('clock', JSON.stringify({ at: 0, synchronised: true, maxerror: 0.01 }));
  const xid = gpus.filter((one) => node.faulty('xid', one));
  yield say(
    'dmesg',
    xid
      .map(
        (one) =>
          `NVRM: Xid (PCI:0000:${hex(one.index + 16)}:00): 79, pid=1, name=x, GPU has fallen off the bus.`,
      )
      .join('\n'),
  );
  yield say('lspci', '00:01.0 PCI bridge: synthetic\n\t\tACSCtl:\tSrcValid- ReqRedir- CmpltRedir-');
  if (onBus > 0) {
    yield say('nvidia-smi -q -x', nvidiaSmi(node, gpus, ask('power')));
    yield say(
      'libraries',
      JSON.stringify({ torch: environment['torch'], nccl: { libnccl: 22_100 } }),
    );
  } else {
    yield say('libraries', JSON.stringify({ torch: environment['torch'], nccl: {} }));
  }
  yield '{"assay":1,"kind":"done","ok":true}\n';
}

/** A TPU chip as the bus shows it. */
function chipOnBus({ index, model }: Accelerator) {
  const part = partFor([model]);
  const known = Object.entries(TPUS).find(([, one]) => partFor([one.model]) === part);
  const device = known?.[0] ?? '0xffff';
  return [`0000:${hex(index)}:05.0`, { vendor: GOOGLE, device, class: '0x120000' }];
}

/** As the payload cuts it: parts of 8,000 characters. */
function output(source: string, text: string): string {
  const parts = Math.max(1, Math.ceil(text.length / 8000));
  return (
    Array.from({ length: parts }, (_, part) =>
      JSON.stringify({
        assay: 1,
        kind: 'output',
        source,
        exit: 0,
        part,
        last: part === parts - 1,
        text: text.slice(part * 8000, (part + 1) * 8000),
      }),
    ).join('\n') + '\n'
  );
}

function lscpu(node: SimulatedNode): readonly { field: string; data: string }[] {
  const cpu = node.node.accelerators.find((one) => one.kind === 'cpu');
  return [
    { field: 'CPU(s):', data: String(cpu?.cores ?? 192) },
    { field: 'Model name:', data: cpu?.model ?? node.node.environment['cpu'] ?? 'synthetic CPU' },
  ];
}

function infiniband(node: SimulatedNode, ask: (name: string) => number | undefined): object {
  const bad = ask('nics-bad') ?? 0;
  const rate = ((ask('nic-rate') ?? 0) * 8) / 1e9;
  const cards = Array.from({ length: ask('nics') ?? 0 }, (_, index) => {
    const half = index < bad;
    return [
      `mlx5_${index}`,
      {
        node_guid: `${node.node.id}:${index.toString(16).padStart(4, '0')}`,
        fw_ver: node.node.environment['nic-firmware'] ?? '28.39.1002',
        board_id: 'SYN0000000001',
        current_link_width: half ? '8' : '16',
        max_link_width: '16',
        ports: {
          '1': {
            state: '4: ACTIVE',
            rate: `${half ? rate / 2 : rate} Gb/sec (${half ? 2 : 4}X NDR)`,
          },
        },
      },
    ];
  });
  return Object.fromEntries(cards) as object;
}

function nvidiaSmi(node: SimulatedNode, gpus: readonly Accelerator[], power = 700): string {
  const { environment } = node.node;
  const one = (gpu: Accelerator): string => {
    const remap = node.faulty('row-remap', gpu);
    return `<gpu id="00000000:${hex(gpu.index + 16)}:00.0"><product_name>${gpu.model}</product_name>
<mig_mode><current_mig>Disabled</current_mig></mig_mode><uuid>${gpu.id}</uuid>
<vbios_version>${environment['vbios'] ?? 'N/A'}</vbios_version>
<pci><pci_bus_id>00000000:${hex(gpu.index + 16)}:00.0</pci_bus_id><pci_gpu_link_info><pcie_gen><max_link_gen>5</max_link_gen><current_link_gen>5</current_link_gen><max_device_link_gen>5</max_device_link_gen></pcie_gen><link_widths><max_link_width>16x</max_link_width><current_link_width>16x</current_link_width></link_widths></pci_gpu_link_info></pci>
<performance_state>P0</performance_state><fb_memory_usage><total>${Math.round(gpu.memory / MIB)} MiB</total></fb_memory_usage>
<ecc_mode><current_ecc>Enabled</current_ecc></ecc_mode>
<ecc_errors><volatile><dram_uncorrectable>0</dram_uncorrectable></volatile><aggregate><dram_uncorrectable>0</dram_uncorrectable></aggregate></ecc_errors>
<remapped_rows><remapped_row_corr>0</remapped_row_corr><remapped_row_unc>${remap ? 1 : 0}</remapped_row_unc><remapped_row_pending>${remap ? 'Yes' : 'No'}</remapped_row_pending><remapped_row_failure>No</remapped_row_failure></remapped_rows>
<gpu_power_readings><current_power_limit>${power.toFixed(2)} W</current_power_limit><default_power_limit>${power.toFixed(2)} W</default_power_limit></gpu_power_readings>
<max_clocks><sm_clock>1980 MHz</sm_clock></max_clocks>
<fabric><state>Completed</state><status>Success</status></fabric><processes></processes></gpu>`;
  };
  return `<?xml version="1.0" ?>
<nvidia_smi_log><driver_version>${environment['driver'] ?? 'N/A'}</driver_version><cuda_version>${environment['cuda'] ?? 'N/A'}</cuda_version>
<attached_gpus>${gpus.length}</attached_gpus>
${gpus.map(one).join('\n')}
</nvidia_smi_log>`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
