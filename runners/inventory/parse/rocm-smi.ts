/** `rocm-smi -a --json` (ROCm 4 to 6). */
import { z } from 'zod';
import type { Gpu } from '../model.ts';

const schema = z.record(z.string(), z.record(z.string(), z.unknown()));

export interface RocmSmi {
  readonly driver?: string;
  readonly gpus: readonly Gpu[];
}

/** @returns undefined where it is no such JSON */
export function parseRocmSmi(text: string): RocmSmi | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Warnings in front of the JSON make it unreadable: absent, and so never a pass.
    return undefined;
  }
  const { data } = schema.safeParse(value);
  if (data === undefined) return undefined;
  const cards = Object.entries(data)
    .filter(([name]) => /^card\d+$/u.test(name))
    .sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)));
  const driver = data['system']?.['Driver version'];
  return {
    ...(typeof driver === 'string' && { driver }),
    gpus: cards.map(([, card], index) => gpu(card, index)),
  };
}

function gpu(card: Readonly<Record<string, unknown>>, index: number): Gpu {
  const word = (...keys: readonly string[]) =>
    keys
      .map((key) => card[key])
      .find((one) => typeof one === 'string' && !/^(?:|N\/A)$/u.test(one)) as string | undefined;
  const uuid = word('Unique ID');
  const serial = word('Serial Number');
  const vbios = word('VBIOS version');
  const pci = word('PCI Bus')?.toLowerCase();
  const memory = Number(word('VRAM Total Memory (B)'));
  return {
    index,
    ...(uuid !== undefined && { uuid }),
    ...(serial !== undefined && { serial }),
    model: word('Card series', 'Card Series', 'Device Name', 'Card model', 'Card Model') ?? '',
    ...(vbios !== undefined && { vbios }),
    ...(pci !== undefined && { pci }),
    ...(memory > 0 && { memory }),
    processes: [],
  };
}
