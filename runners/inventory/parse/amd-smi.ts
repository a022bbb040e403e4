/** `amd-smi static --json` and `amd-smi list --json` (ROCm 6: a list; from ROCm 7 on: under `gpu_data`). */
import { z } from 'zod';
import type { Gpu } from '../model.ts';
import type { RocmSmi } from './rocm-smi.ts';

const NONE = /^(?:|0+|N\/A)$/u;
/** "N/A" and the like are no value. */
const word = z
  .string()
  .optional()
  .catch(undefined)
  .transform((value) => (value !== undefined && NONE.test(value) ? undefined : value));
const amount = z.object({ value: z.number(), unit: z.string() }).nullish().catch(undefined);
const words = z.record(z.string(), z.unknown()).catch({});

const card = z.object({
  gpu: z.int().min(0),
  asic: z.object({ market_name: word, asic_serial: word }).optional(),
  bus: z.object({ bdf: word }).optional(),
  // Its newer name.
  ifwi: z.object({ part_number: word, version: word }).optional(),
  vbios: z.object({ part_number: word, version: word }).optional(),
  // A limit of its own from ROCm 7 on.
  limit: z
    .object({ socket_power: amount, ppt0: z.object({ socket_power_limit: amount }).optional() })
    .optional(),
  driver: z.object({ version: word }).optional(),
  board: z.object({ product_serial: word }).optional(),
  ras: z.object({ ecc_block_state: words }).optional(),
  vram: z.object({ size: amount }).optional(),
});
const listed = z.object({ gpu: z.int().min(0), uuid: word, bdf: word });

/** Units of memory: amd-smi says MB and counts in MiB. */
const BYTES: Readonly<Record<string, number>> = { MB: 2 ** 20, GB: 2 ** 30 };

/**
 * @param list absent: a GPU is known by its ASIC's serial
 * @returns undefined where `text` is no such JSON
 */
export function parseAmdSmi(text: string, list?: string): RocmSmi | undefined {
  const cards = entries(text, card);
  if (cards === undefined) return undefined;
  const known = new Map((entries(list ?? '[]', listed) ?? []).map((one) => [one.gpu, one]));
  const driver = cards[0]?.driver?.version;
  return {
    ...(driver !== undefined && { driver }),
    gpus: cards
      .sort((a, b) => a.gpu - b.gpu)
      .map((one): Gpu => {
        const uuid = known.get(one.gpu)?.uuid ?? one.asic?.asic_serial;
        const serial = one.board?.product_serial;
        const firmware = { ...one.vbios, ...one.ifwi };
        const vbios = firmware.part_number ?? firmware.version;
        const pci = (one.bus?.bdf ?? known.get(one.gpu)?.bdf)?.toLowerCase();
        const size = one.vram?.size;
        const memory = (size?.value ?? 0) * (BYTES[size?.unit ?? ''] ?? 0);
        const { socket_power: old, ppt0 } = one.limit ?? {};
        const power = (ppt0?.socket_power_limit ?? old)?.value ?? 0;
        // UMC is the controller of its memory.
        const ecc = one.ras?.ecc_block_state['UMC'];
        return {
          index: one.gpu,
          ...(uuid !== undefined && { uuid }),
          ...(serial !== undefined && { serial }),
          model: one.asic?.market_name ?? '',
          ...(vbios !== undefined && { vbios }),
          ...(pci !== undefined && { pci }),
          ...(memory > 0 && { memory }),
          ...((ecc === 'ENABLED' || ecc === 'DISABLED') && { ecc: ecc === 'ENABLED' }),
          ...(power > 0 && { powerLimit: power }),
          processes: [],
        };
      }),
  };
}

function entries<T>(text: string, schema: z.ZodType<T>): T[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const both = z.union([
    z.array(schema),
    z.object({ gpu_data: z.array(schema) }).transform((one) => one.gpu_data),
  ]);
  return both.safeParse(value).data;
}
