/** Where two JSON values differ, in words. */

/** Differences named at most: the first tells what to look at. */
const MOST = 5;

/** @returns lines like `lot.accepted: the file has 3, the evidence gives 4`; empty when they are equal */
export function differences(file: unknown, evidence: unknown): string[] {
  const found: string[] = [];
  walk(file, evidence, '', found);
  return found;
}

function walk(file: unknown, evidence: unknown, path: string, found: string[]): void {
  if (found.length >= MOST || Object.is(file, evidence)) return;
  if (isObject(file) && isObject(evidence) && Array.isArray(file) === Array.isArray(evidence)) {
    for (const key of new Set([...Object.keys(file), ...Object.keys(evidence)])) {
      walk(file[key], evidence[key], path === '' ? key : `${path}.${key}`, found);
    }
    return;
  }
  found.push(`${path}: the file has ${short(file)}, the evidence gives ${short(evidence)}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function short(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
