/** What Slurm knows of its nodes: from --json where the version has it, else from a fixed format. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { slurm } from './commands.ts';

/** One node as Slurm has it. */
export interface SlurmNode {
  readonly name: string;
  /** NodeAddr. */
  readonly address: string;
  /** Base state and flags, upper case: ['IDLE', 'DRAIN']. */
  readonly states: readonly string[];
  /** '' where there is none. */
  readonly reason: string;
  /** Who set the reason; '' where nobody did. */
  readonly reasonBy: string;
  /** Seconds since 1970; 0 where there is no reason. */
  readonly reasonAt: number;
  readonly features: readonly string[];
  /** As configured: "gpu:h100:8(S:0-1)". */
  readonly gres: string;
  readonly cpus: number;
  /** In order: Slurm gives them in one that changes from call to call. */
  readonly partitions: readonly string[];
}

/** Newer versions say {set, infinite, number}. */
const number = z
  .union([z.number(), z.object({ number: z.number() }).transform((one) => one.number)])
  .catch(0);
/** A list, or text with commas. */
const list = z
  .union([
    z.array(z.string()),
    z.string().transform((text) => text.split(',').filter((one) => one !== '')),
  ])
  .catch([]);

const jsonNode = z
  .object({
    name: z.string(),
    address: z.string().catch(''),
    state: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
    state_flags: z.array(z.string()).catch([]),
    reason: z.string().nullish(),
    reason_set_by_user: z.string().nullish(),
    reason_changed_at: number,
    active_features: list,
    gres: z.string().catch(''),
    cpus: number,
    partitions: list,
  })
  .transform((one): SlurmNode => ({
    name: one.name,
    address: one.address === '' ? one.name : one.address,
    states: [...one.state, ...one.state_flags].map((word) => word.toUpperCase()),
    reason: one.reason ?? '',
    reasonBy: (one.reason ?? '') === '' ? '' : (one.reason_set_by_user ?? ''),
    reasonAt: (one.reason ?? '') === '' ? 0 : one.reason_changed_at,
    features: one.active_features,
    gres: one.gres === '(null)' ? '' : one.gres,
    cpus: Math.max(1, one.cpus),
    partitions: [...one.partitions].sort(),
  }));

/**
 * Reads `scontrol show nodes --json` (23.02 on) or `sinfo --json` (to 22.05).
 *
 * @returns undefined where it is neither
 */
export function nodesFromJson(text: string): readonly SlurmNode[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = z.object({ nodes: z.array(jsonNode) }).safeParse(value);
  return read.success ? read.data.nodes : undefined;
}

/** Fields that hold no bar come first; the reason may hold anything. */
const FORMAT = '%N|%o|%T|%b|%G|%c|%R|%u|%H|%E';

/** What sinfo's state is followed by: man sinfo, "node state codes". */
const SUFFIXES: Readonly<Record<string, string>> = {
  '*': 'NOT_RESPONDING',
  '~': 'POWERED_DOWN',
  '#': 'POWERING_UP',
  '!': 'POWER_DOWN',
  '%': 'POWERING_DOWN',
  $: 'MAINTENANCE',
  '@': 'REBOOT_REQUESTED',
  '^': 'REBOOT_ISSUED',
  '-': 'PLANNED',
};
/** sinfo's compound words. */
const COMPOUND: Readonly<Record<string, readonly string[]>> = {
  DRAINED: ['IDLE', 'DRAIN'],
  DRAINING: ['ALLOCATED', 'DRAIN'],
  MAINT: ['IDLE', 'MAINTENANCE'],
  RESV: ['IDLE', 'RESERVED'],
  RESERVED: ['IDLE', 'RESERVED'],
  FAILING: ['ALLOCATED', 'FAIL'],
  INVAL: ['IDLE', 'INVALID_REG'],
};

/**
 * Reads `sinfo --Node --noheader -o FORMAT`: a row for each node and partition.
 *
 * @throws {HarnessError} OUTPUT_UNREADABLE with the line
 */
export function nodesFromRows(text: string): readonly SlurmNode[] {
  const nodes = new Map<string, SlurmNode>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [name = '', address = '', state = '', features = '', gres = '', ...rest] =
      line.split('|');
    const [cpus = '', partition = '', by = '', at = '', ...reason] = rest;
    const parts = /^([a-z_]+)([*~#!%$@^-]*)$/u.exec(state);
    if (name === '' || parts === null || reason.length === 0) {
      throw new HarnessError(
        'OUTPUT_UNREADABLE',
        `sinfo says ${JSON.stringify(line.slice(0, 200))}`,
        {
          hint: `Asked was sinfo -o '${FORMAT}'; look at what it prints here.`,
        },
      );
    }
    const base = (parts[1] ?? '').toUpperCase();
    const known = nodes.get(name);
    const why = reason.join('|');
    const set = why !== '' && why !== 'none';
    nodes.set(name, {
      name,
      address: address === '' ? name : address,
      states: [
        ...(COMPOUND[base] ?? [base]),
        ...(parts[2] ?? '').split('').map((one) => SUFFIXES[one] ?? one),
      ],
      reason: set ? why : '',
      reasonBy: set && by !== 'Unknown' ? by : '',
      reasonAt: set ? Number(at) || 0 : 0,
      features: features === '(null)' ? [] : features.split(',').filter((one) => one !== ''),
      gres: gres === '(null)' ? '' : gres,
      cpus: Math.max(1, Number(cpus) || 1),
      partitions: [...(known?.partitions ?? []), partition].sort(),
    });
  }
  return [...nodes.values()];
}

const JSON_COMMANDS = [
  ['scontrol', '--json', 'show', 'nodes'],
  ['sinfo', '--json'],
] as const;

/** How this cluster's version is asked; found out once. */
export interface NodeReader {
  /** All nodes, or those named. */
  read(names?: readonly string[], signal?: AbortSignal): Promise<readonly SlurmNode[]>;
  /** Whether JSON is read. */
  readonly json: () => boolean | undefined;
}

/** A reader that asks in JSON where that works, else in a fixed format. */
export function nodeReader(): NodeReader {
  let way: readonly [string, ...string[]] | 'rows' | undefined;
  const rows = async (signal?: AbortSignal) => {
    const ask = ['sinfo', '--Node', '--noheader', '--all', '-o', FORMAT] as const;
    return nodesFromRows(await slurm([...ask], signal && { signal }));
  };
  const find = async (signal?: AbortSignal): Promise<readonly SlurmNode[]> => {
    for (const command of JSON_COMMANDS) {
      let text: string;
      try {
        text = await slurm([...command], signal && { signal });
      } catch (error) {
        if (!(error instanceof HarnessError) || error.code !== 'PROVIDER_INVALID') throw error;
        continue;
      }
      const nodes = nodesFromJson(text);
      if (nodes === undefined) continue;
      way = command;
      return nodes;
    }
    way = 'rows';
    return rows(signal);
  };
  const all = async (signal?: AbortSignal) => {
    if (way === undefined) return find(signal);
    if (way === 'rows') return rows(signal);
    const nodes = nodesFromJson(await slurm(way, signal && { signal }));
    return nodes ?? find(signal);
  };
  return {
    json: () => (way === undefined ? undefined : way !== 'rows'),
    async read(names, signal) {
      const nodes = await all(signal);
      if (names === undefined) return nodes;
      const wanted = new Set(names);
      return nodes.filter((node) => wanted.has(node.name));
    },
  };
}
