/** Deliveries under a folder, as `assay history` wrote their verdicts: read as they stand, never made here. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import type { LotWord, Word } from '../../verdicts/model.ts';
import { NAME } from './runs.ts';

/** The part of `deliveries/<slug>/verdict.json` that the viewer shows. */
export interface Delivery {
  /** Folder name. */
  readonly slug: string;
  readonly reference: string;
  readonly on: string;
  readonly lot: {
    readonly verdict: LotWord;
    readonly delivered: number;
    readonly accepted: number;
    readonly rejected: number;
    readonly notTested: number;
  };
  readonly serials: readonly {
    readonly identity: string;
    readonly verdict: Word;
    readonly reasons: readonly string[];
    readonly sightings: readonly { readonly run: string; readonly node: string }[];
    readonly replacedBy?: { readonly identity: string };
  }[];
  readonly runs: readonly {
    readonly run: string;
    readonly sealedAt: string;
    readonly reference: string;
    readonly fresh: number;
    readonly own: LotWord;
    readonly delivery: LotWord;
  }[];
  readonly notes: readonly string[];
}

/** Every delivery whose verdict can be read, by reference. */
export async function listDeliveries(folder: string): Promise<readonly Delivery[]> {
  const found: Delivery[] = [];
  for (const slug of await names(join(folder, 'deliveries'))) {
    const one = await readDelivery(folder, slug);
    if (one !== undefined) found.push(one);
  }
  return found.sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** One delivery; undefined where there is none, or its file is not (yet) whole. */
export async function readDelivery(folder: string, slug: string): Promise<Delivery | undefined> {
  if (!NAME.test(slug)) return undefined;
  try {
    const text = await readFile(join(folder, 'deliveries', slug, 'verdict.json'), 'utf8');
    const value = JSON.parse(text) as { readonly schema?: unknown } & Omit<Delivery, 'slug'>;
    return value.schema === 'assay/delivery/1' ? { ...value, slug } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}
