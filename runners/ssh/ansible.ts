/** Hosts from `ansible-inventory --list`. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { domainsOf, optional } from './host-table.ts';
import { expandHosts } from './hostlist.ts';
import type { HostRow } from './host-row.ts';

const inventory = z.looseObject({
  _meta: z
    .looseObject({ hostvars: z.record(z.string(), z.record(z.string(), z.unknown())).default({}) })
    .default({ hostvars: {} }),
});
const group = z.looseObject({ hosts: z.array(z.string()).default([]) });

/**
 * Reads the JSON of `ansible-inventory --list`: every host of every group, with ansible_host,
 * ansible_port, ansible_user, ansible_ssh_private_key_file, and our own serial, rack, …
 *
 * @throws {HarnessError} PLAN_INVALID when it is not that
 */
export function parseAnsible(text: string, from: string): readonly HostRow[] {
  const result = inventory.safeParse(parseJson(text, from));
  if (!result.success) throw invalid(`${from} is not an Ansible inventory`);
  const { _meta: meta, ...groups } = result.data;
  const names = new Set(Object.keys(meta.hostvars));
  for (const one of Object.values(groups)) {
    const read = group.safeParse(one);
    if (read.success) for (const name of read.data.hosts) names.add(name);
  }
  return [...names].map((name) => {
    if (expandHosts(name).length !== 1)
      throw invalid(`${from}: ${JSON.stringify(name)}: not a host`);
    const said = meta.hostvars[name] ?? {};
    const field = (key: string): string | undefined => {
      const value = said[key];
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
    };
    const port = Number(field('ansible_port') ?? Number.NaN);
    const key = field('ansible_ssh_private_key_file') ?? field('ansible_private_key_file');
    return {
      name,
      from: `${from} host ${name}`,
      domains: domainsOf(field),
      ...optional('address', field('ansible_host') ?? field('ansible_ssh_host')),
      ...optional('user', field('ansible_user') ?? field('ansible_ssh_user')),
      ...optional('identityFile', key),
      ...optional('serial', field('serial')),
      ...optional('fabricAddress', field('fabric_address')),
      ...(Number.isInteger(port) && { port }),
    };
  });
}

function parseJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`${from} is not valid JSON`);
  }
}

function invalid(message: string): HarnessError {
  return new HarnessError('PLAN_INVALID', message, {
    hint: 'Give the output of ansible-inventory --list.',
  });
}
