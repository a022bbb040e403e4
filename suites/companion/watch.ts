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
  const said = fields as Readonly<Record<string, unknown>>;
  for (const field in said) {
    const one = said[field];
    if (count >= FIELDS || !isFinite(one) || !isField(field)) continue;
    kept[field] = one;
    count += 1;
  }
  return accelerator === undefined ? { at, fields: kept } : { accelerator, at, fields: kept };
}

/** Fields that were found to be well made: a few dozen, in millions of looks. */
const known = new Set<string>();
const MOST_KNOWN = 1000;

function isField(field: string): boolean {
  if (known.has(field)) return true;
  if (!FIELD.test(field)) return false;
  if (known.size < MOST_KNOWN) known.add(field);
  return true;
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1024;
}
