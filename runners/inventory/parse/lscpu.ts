/** `lscpu -J`. */
import { z } from 'zod';

export interface Cpu {
  readonly model?: string;
  /** Logical CPUs online. */
  readonly threads?: number;
  readonly cores?: number;
  readonly sockets?: number;
  readonly hypervisor?: string;
}

interface Row {
  readonly field: string;
  readonly data?: string | null | undefined;
  readonly children?: readonly Row[] | undefined;
}

const row: z.ZodType<Row> = z.object({
  field: z.string(),
  data: z.string().nullish(),
  get children() {
    return z.array(row).optional();
  },
});
const schema = z.object({ lscpu: z.array(row) });

/** Newer versions nest rows under headings: they are flattened. @returns undefined where it is no such JSON */
export function parseLscpu(text: string): Cpu | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // An old lscpu has no -J and prints text: not readable.
    return undefined;
  }
  const { data } = schema.safeParse(value);
  if (data === undefined) return undefined;
  const rows = new Map<string, string>();
  const walk = (some: readonly Row[]): void => {
    for (const one of some) {
      if (typeof one.data === 'string') rows.set(one.field.replace(/:$/u, ''), one.data);
      walk(one.children ?? []);
    }
  };
  walk(data.lscpu);
  const model = rows.get('Model name');
  const sockets = count(rows.get('Socket(s)'));
  const perSocket = count(rows.get('Core(s) per socket'));
  const threads = count(rows.get('CPU(s)'));
  const hypervisor = rows.get('Hypervisor vendor');
  return {
    ...(model !== undefined && { model }),
    ...(threads !== undefined && { threads }),
    ...(sockets !== undefined && { sockets }),
    ...(sockets !== undefined && perSocket !== undefined && { cores: sockets * perSocket }),
    ...(hypervisor !== undefined && { hypervisor }),
  };
}

function count(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}
