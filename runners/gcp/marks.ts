/** Our marks as Google's labels, and, for what has no labels, in its description. */
import { createHash } from 'node:crypto';
import { expiryTag, readOwnership, type Ownership } from '../cloud/ownership.ts';
import type { Thing } from './shapes.ts';

export const RUN_LABEL = 'assay-run';
const OWNER_LABEL = 'assay-owner';
const EXPIRES_LABEL = 'assay-expires';

/** Start of every name that we give: what has no labels is looked for by it. */
export const PREFIX = 'assay-';

/** Labels of every creating call: small letters, digits, "_" and "-" only. */
export function labelsOf(marks: Ownership): Record<string, string> {
  return {
    [RUN_LABEL]: marks.run,
    [OWNER_LABEL]: marks.owner.replaceAll(/[^a-z0-9_-]/gu, '-').slice(0, 63),
    [EXPIRES_LABEL]: expiryTag(marks),
  };
}

/** The same for a description. */
export function described(marks: Ownership): string {
  return Object.entries(labelsOf(marks))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** Marks of a thing; undefined: it is not ours. */
export function marksOf({
  labels,
  description,
}: Pick<Thing, 'labels' | 'description'>): Ownership | undefined {
  const words = new Map(
    (description ?? '').split(' ').map((word) => {
      const [key = '', value = ''] = word.split('=');
      return [key, value] as const;
    }),
  );
  const value = (key: string) => labels?.[key] ?? words.get(key);
  return readOwnership(value(RUN_LABEL), value(OWNER_LABEL), value(EXPIRES_LABEL));
}

/** A request id as Google wants it: a UUID that the same call always gets. */
export function requestId(...parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/u, '$1-$2-4$3-8$4-$5');
}
