/** The payload's own JSON of files under /proc and /sys: shapes, checked where they come in. */
import { z } from 'zod';

const word = z.string().max(4096);

export const system = z.object({
  kernel: word.optional(),
  os: word.optional(),
  python: word.optional(),
  'boot-id': word.optional(),
  meminfo: z.string().optional(),
  memlock: z.union([z.literal('unlimited'), z.number()]).optional(),
  shm: z.number().optional(),
  container: word.optional(),
  virtual: word.optional(),
});

export const dmi = z.record(z.string(), word);

export const pci = z.record(
  z.string(),
  z.object({ vendor: word, device: word, class: word, driver: word.nullish() }).partial(),
);

export const net = z.record(
  z.string(),
  z
    .object({ address: word, operstate: word, speed: word, driver: word.nullish(), pci: word })
    .partial(),
);

export const infiniband = z.record(
  z.string(),
  z
    .object({
      node_guid: word,
      fw_ver: word,
      board_id: word,
      hca_type: word,
      pci: word,
      current_link_width: word,
      max_link_width: word,
      current_link_speed: word,
      max_link_speed: word,
      ports: z.record(
        z.string(),
        z.object({ state: word, phys_state: word, rate: word, link_layer: word }).partial(),
      ),
    })
    .partial(),
);

export const modules = z.object({
  loaded: z.record(z.string(), word),
  nvidia: word.nullish(),
  dmabuf: z.boolean().nullish(),
});

export const clock = z.object({
  at: z.number(),
  synchronised: z.boolean().optional(),
  maxerror: z.number().optional(),
});

export const libraries = z.object({
  torch: word.optional(),
  'torch-cuda': word.optional(),
  'torch-hip': word.optional(),
  jax: word.optional(),
  libtpu: word.optional(),
  nccl: z.record(z.string(), z.number().nullable()),
});

export const nvme = z.record(z.string(), z.object({ size: word, model: word }).partial());
export const numa = z.record(z.string(), z.object({ memory: z.number().nullish() }));
export const services = z.record(z.string(), word);

/** A port's rate: "400 Gb/sec (4X NDR)". */
export interface PortRate {
  /** B/s, one direction. */
  readonly rate: number;
  /** Lanes; a 4X port at 2X has lost half of them. */
  readonly lanes: number;
}

/** @param text the file `rate` of a port under /sys/class/infiniband */
export function parsePortRate(text: string | undefined): PortRate | undefined {
  const found = /^([\d.]+) Gb\/sec(?: \((\d+)X\b)?/u.exec(text ?? '');
  return found === null
    ? undefined
    : { rate: (Number(found[1]) * 1e9) / 8, lanes: Number(found[2] ?? 4) };
}

/** 21805 → "2.18.5": NCCL_VERSION_CODE from 2.9 on; before, 2708 → "2.7.8". */
export function ncclVersion(code: number): string {
  const major = code >= 10_000 ? 10_000 : 1000;
  return [Math.floor(code / major), Math.floor((code % major) / 100), code % 100].join('.');
}

/** Bytes of MemTotal. */
export function memoryTotal(meminfo: string | undefined): number | undefined {
  const found = /^MemTotal:\s+(\d+) kB/mu.exec(meminfo ?? '');
  return found === null ? undefined : Number(found[1]) * 1024;
}
