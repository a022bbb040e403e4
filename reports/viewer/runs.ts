/** Runs under a folder: what the list shows of each, read from its public files. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import type { Origin } from '../../plan/model.ts';
import type { LotWord } from '../../verdicts/model.ts';

/** A name that can stand in an address and in a path as it is; never a parent, never hidden. */
export const NAME = /^[\w][\w.@+-]{0,127}$/u;

export interface ListedRun {
  /** Folder name = run id. */
  readonly id: string;
  readonly delivery: string;
  readonly provider: string;
  readonly origin?: Origin;
  /** Absent: the run goes on, or was interrupted. */
  readonly verdict?: LotWord;
  readonly counts?: {
    readonly delivered: number;
    readonly accepted: number;
    readonly rejected: number;
  };
  /** Last change of its journal, RFC 3339. */
  readonly changed: string;
  readonly report: boolean;
}

/** Every run in a folder, the latest first; what is not a run is passed over. */
export async function listRuns(folder: string): Promise<readonly ListedRun[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((one) => one.isDirectory() && NAME.test(one.name))
    .map(({ name }) => name);
  const runs: ListedRun[] = [];
  for (const name of names) {
    const run = await listRun(folder, name);
    if (run !== undefined) runs.push(run);
  }
  return runs.sort((a, b) => (a.changed < b.changed ? 1 : a.changed > b.changed ? -1 : 0));
}

async function listRun(folder: string, id: string): Promise<ListedRun | undefined> {
  const plan = await json(join(folder, id, 'plan.json'));
  if (plan === undefined) return undefined;
  const verdict = await json(join(folder, id, 'verdict.json'));
  const lot = field(verdict, 'lot');
  const word = field(lot, 'verdict');
  const changed =
    (await modified(join(folder, id, 'journal.ndjson'))) ??
    (await modified(join(folder, id, 'plan.json'))) ??
    '';
  const origin = field(verdict, 'origin');
  return {
    id,
    delivery: text(field(field(plan, 'delivery'), 'reference')),
    provider: text(field(field(plan, 'delivery'), 'provider')),
    ...(isOrigin(origin) && { origin }),
    ...(isWord(word) && { verdict: word, counts: countsOf(lot) }),
    changed,
    report: (await modified(join(folder, id, 'report.html'))) !== undefined,
  };
}

function countsOf(lot: unknown) {
  const count = (key: string) => {
    const value = field(lot, key);
    return typeof value === 'number' ? value : 0;
  };
  return {
    delivered: count('delivered'),
    accepted: count('accepted'),
    rejected: count('rejected'),
  };
}

/** A JSON file; undefined where it is missing or not (yet) whole. */
async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function modified(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).mtime.toISOString();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isWord(value: unknown): value is LotWord {
  return ['accept', 'reject', 'inconclusive', 'not-tested'].includes(value as string);
}

function isOrigin(value: unknown): value is Origin {
  return ['hardware', 'reference-device', 'stand-in', 'simulated'].includes(value as string);
}
