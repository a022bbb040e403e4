/** What a TPU host says of its slice (`tpu-env` of its metadata) and its chips (the PCI bus, `tpu-info`). */

/** PCI vendor. */
export const GOOGLE = '0x1ae0';

/** Google's chips by PCI device id, with HBM in bytes and devices a chip. */
export const TPUS: Readonly<
  Record<string, { readonly model: string; readonly memory: number; readonly cores: number }>
> = {
  '0x005e': { model: 'TPU v4', memory: 32 * 2 ** 30, cores: 1 },
  '0x0063': { model: 'TPU v5e', memory: 16 * 2 ** 30, cores: 1 },
  '0x0062': { model: 'TPU v5p', memory: 95 * 2 ** 30, cores: 1 },
  '0x006f': { model: 'TPU v6e', memory: 32 * 2 ** 30, cores: 1 },
  '0x0076': { model: 'TPU7x', memory: 192 * 2 ** 30, cores: 2 },
};

/** Lines `KEY: 'value'`. */
export function parseTpuEnv(text: string): ReadonlyMap<string, string> {
  const pairs = [...text.matchAll(/^([A-Z][A-Z0-9_]*): '([^'\n]*)'$/gmu)];
  return new Map(pairs.flatMap(([, key = '', value = '']) => (value === '' ? [] : [[key, value]])));
}

/** One chip as `tpu-info` lists it. */
export interface ListedChip {
  /** "/dev/vfio/0". */
  readonly path: string;
  /** "TPU v6e chip". */
  readonly type: string;
  /** Devices that the runtime shows of it: its cores, or 1. */
  readonly devices: number;
  /** Process that holds it; absent: none. */
  readonly pid?: number;
}

export interface TpuInfo {
  readonly libtpu?: string;
  readonly accelerator?: string;
  readonly chips: readonly ListedChip[];
}

const CHIP =
  /^[|│┃]\s*(\/dev\/\S+)\s*[|│┃]\s*(.+?)\s*[|│┃]\s*(\d+)\s*[|│┃]\s*(\d+|None)\s*[|│┃]\s*$/gmu;

/** @returns undefined where no chip is listed: it is no such output, or it was cut */
export function parseTpuInfo(text: string): TpuInfo | undefined {
  const chips = [...text.matchAll(CHIP)].map(
    ([, path = '', type = '', devices, pid]): ListedChip => ({
      path,
      type,
      devices: Number(devices),
      ...(pid !== 'None' && { pid: Number(pid) }),
    }),
  );
  if (chips.length === 0) return undefined;
  const libtpu = /^Libtpu version: (\S+)$/mu.exec(text)?.[1];
  const accelerator = /^Accelerator type: (\S+)$/mu.exec(text)?.[1];
  return {
    chips,
    ...(libtpu !== undefined && { libtpu }),
    ...(accelerator !== undefined && { accelerator }),
  };
}
