/** `nvidia-smi -q -x`, schema versions 11 to 13 (drivers 470 to 590). */
import type { Gpu } from '../model.ts';
import { parseXml, type Xml } from './xml.ts';

/** What the driver says about itself and its GPUs. */
export interface NvidiaSmi {
  readonly driver?: string;
  readonly cuda?: string;
  readonly gpus: readonly Gpu[];
}

/** Lists even where they come once. */
const LISTS: ReadonlySet<string> = new Set(['gpu', 'process_info']);

/**
 * Reads the XML.
 *
 * @returns undefined where the text is not a whole `nvidia_smi_log`
 */
export function parseNvidiaSmi(text: string): NvidiaSmi | undefined {
  if (!text.trimEnd().endsWith('</nvidia_smi_log>')) return undefined;
  // Malformed XML is the same as no output.
  const root = parseXml(text, LISTS);
  const log = at(root, 'nvidia_smi_log');
  if (log === undefined) return undefined;
  return {
    ...defined('driver', word(log, 'driver_version')),
    ...defined('cuda', word(log, 'cuda_version')),
    gpus: list(at(log, 'gpu')).map(gpu),
  };
}

function gpu(one: Xml, index: number): Gpu {
  const power = at(one, 'gpu_power_readings') ?? at(one, 'power_readings');
  const bus = word(one, 'pci', 'pci_bus_id');
  return {
    index,
    ...defined('uuid', word(one, 'uuid')),
    ...defined('serial', word(one, 'serial')),
    model: word(one, 'product_name') ?? '',
    ...defined('vbios', word(one, 'vbios_version')),
    ...defined('gsp', word(one, 'gsp_firmware_version')),
    ...defined('pci', bus?.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/u, '')),
    ...defined('memory', scaled(word(one, 'fb_memory_usage', 'total'), 'MiB', 2 ** 20)),
    ...defined('mig', flag(word(one, 'mig_mode', 'current_mig'), 'Enabled', 'Disabled')),
    ...defined('ecc', flag(word(one, 'ecc_mode', 'current_ecc'), 'Enabled', 'Disabled')),
    ...defined('eccVolatile', uncorrectable(at(one, 'ecc_errors', 'volatile'))),
    ...defined('eccAggregate', uncorrectable(at(one, 'ecc_errors', 'aggregate'))),
    ...defined('remaps', remaps(at(one, 'remapped_rows'))),
    ...defined('powerLimit', watts(power, 'current_power_limit', 'power_limit')),
    ...defined('powerDefault', watts(power, 'default_power_limit')),
    ...defined('pcie', pcie(at(one, 'pci', 'pci_gpu_link_info'))),
    ...defined('state', word(one, 'performance_state')),
    ...defined('fabric', fabric(at(one, 'fabric'))),
    ...defined('maxClock', scaled(word(one, 'max_clocks', 'sm_clock'), 'MHz', 1e6)),
    processes: list(at(one, 'processes', 'process_info')).flatMap((process) => {
      const pid = Number(word(process, 'pid'));
      return Number.isInteger(pid) ? [{ pid, name: word(process, 'process_name') ?? '' }] : [];
    }),
  };
}

/** Sum over the memories; undefined unless at least one is counted (N/A everywhere: not counted). */
function uncorrectable(counts: Xml): number | undefined {
  if (typeof counts !== 'object' || Array.isArray(counts)) return undefined;
  const values = Object.entries(counts)
    .filter(([name]) => name.includes('uncorrectable') || name === 'double_bit')
    .map(([name]) => Number(word(counts, name) ?? Number.NaN))
    .filter(Number.isFinite);
  return values.length === 0 ? undefined : values.reduce((sum, one) => sum + one, 0);
}

function remaps(rows: Xml): Gpu['remaps'] | undefined {
  const pending = flag(word(rows, 'remapped_row_pending'), 'Yes', 'No');
  const failure = flag(word(rows, 'remapped_row_failure'), 'Yes', 'No');
  if (pending === undefined || failure === undefined) return undefined;
  return {
    correctable: Number(word(rows, 'remapped_row_corr') ?? 0),
    uncorrectable: Number(word(rows, 'remapped_row_unc') ?? 0),
    pending,
    failure,
  };
}

function pcie(link: Xml): Gpu['pcie'] | undefined {
  const gen = Number(word(link, 'pcie_gen', 'current_link_gen'));
  const maxGen = Number(word(link, 'pcie_gen', 'max_link_gen'));
  const width = Number(word(link, 'link_widths', 'current_link_width')?.replace('x', ''));
  const maxWidth = Number(word(link, 'link_widths', 'max_link_width')?.replace('x', ''));
  const deviceGen = Number(word(link, 'pcie_gen', 'max_device_link_gen') ?? maxGen);
  const all = { gen, maxGen, deviceGen, width, maxWidth };
  return Object.values(all).every(Number.isFinite) ? all : undefined;
}

function fabric(one: Xml): Gpu['fabric'] | undefined {
  const state = word(one, 'state');
  if (state === undefined) return undefined;
  const cluster = word(one, 'clusterUuid') ?? word(one, 'cluster_uuid');
  return {
    state,
    status: word(one, 'status') ?? 'not shown',
    ...defined('clique', word(one, 'cliqueId') ?? word(one, 'clique_id')),
    // All zeros: no fabric beyond the node.
    ...defined(
      'cluster',
      cluster !== undefined && /[1-9a-f]/iu.test(cluster) ? cluster : undefined,
    ),
  };
}

function watts(power: Xml, ...names: readonly string[]): number | undefined {
  return names.map((name) => scaled(word(power, name), 'W', 1)).find((one) => one !== undefined);
}

function scaled(text: string | undefined, unit: string, factor: number): number | undefined {
  if (text === undefined || !text.endsWith(unit)) return undefined;
  const value = Number(text.slice(0, -unit.length));
  return Number.isFinite(value) ? value * factor : undefined;
}

function flag(text: string | undefined, yes: string, no: string): boolean | undefined {
  return text === yes ? true : text === no ? false : undefined;
}

function at(xml: Xml, ...path: readonly string[]): Xml {
  let here = xml;
  for (const key of path) {
    if (typeof here !== 'object' || Array.isArray(here)) return undefined;
    here = (here as Readonly<Record<string, Xml>>)[key];
  }
  return here;
}

/** Text at a path; undefined for what nvidia-smi says when it does not know. */
function word(xml: Xml, ...path: readonly string[]): string | undefined {
  const value = at(xml, ...path);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const none = /^(?:|N\/A|\[N\/A\]|None|Requested functionality.*|\[?Unknown Error\]?|ERR!)$/u;
  return none.test(text) ? undefined : text;
}

function list(xml: Xml): readonly Xml[] {
  return Array.isArray(xml) ? (xml as readonly Xml[]) : [];
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
