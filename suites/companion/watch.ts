/** The companion's own protocol line: what a device shows at one moment. */

export interface Watch {
  /** Index on the node; absent: the node's own. */
  readonly accelerator?: number;
  /** Seconds, node's clock. */
  readonly at: number;
  readonly fields: Readonly<Record<string, number>>;
}

const FIELD = /^[a-z0-9][a-z0-9.-]{0,59}$/u;
const FIELDS = 40;

/** @returns undefined for any other line, and for one that breaks the form: it is left out */
export function parseWatch(text: string): Watch | undefined {
  if (!text.startsWith('{"assay"') || !text.includes('"watch"')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A torn line costs one moment; counters come again at the end.
    return undefined;
  }
  const { assay, kind, accelerator, at, fields } = value as Readonly<Record<string, unknown>>;
  if (assay !== 1 || kind !== 'watch' || !isFinite(at)) return undefined;
  if (accelerator !== undefined && !isIndex(accelerator)) return undefined;
  if (typeof fields !== 'object' || fields === null) return undefined;
  const kept: Record<string, number> = {};
  let count = 0;
  for (const [field, one] of Object.entries(fields)) {
    if (count >= FIELDS || !isFinite(one) || !FIELD.test(field)) continue;
    kept[field] = one;
    count += 1;
  }
  return accelerator === undefined ? { at, fields: kept } : { accelerator, at, fields: kept };
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1024;
}
