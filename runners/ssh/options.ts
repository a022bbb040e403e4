/** The plan's block of the ssh runner. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { quantityOption } from '../../plan/options.ts';
import { expandHosts } from './hostlist.ts';

const hostSource = z.string().superRefine((text, context) => {
  if (text === '-' || text.startsWith('file:')) return;
  try {
    expandHosts(text);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

export const sshOptions = z.strictObject({
  hosts: z.union([hostSource, z.array(hostSource).min(1)]).meta({
    description:
      'hosts: "gpu[001-512].lab", "file:hosts.csv" (lines, CSV or ansible-inventory --list), "-" (standard input)',
  }),
  user: z.string().optional(),
  port: z.number().int().min(1).max(65535).optional(),
  'identity-file': z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  'passphrase-secret': z
    .string()
    .optional()
    .meta({ description: 'name of the secret that opens encrypted identity files' }),
  config: z
    .string()
    .default('~/.ssh/config')
    .meta({ description: 'OpenSSH client configuration; "none" reads no file' }),
  'known-hosts': z.string().optional().meta({ description: 'in place of the configured files' }),
  'host-keys': z
    .enum(['known', 'accept-new'])
    .optional()
    .meta({ description: 'accept-new: record keys of new hosts; a changed key is always refused' }),
  'fabric-address': z
    .string()
    .optional()
    .meta({ description: 'where ranks meet, from the host name: "{host}-ib0"' }),
  topology: z
    .string()
    .optional()
    .meta({ description: 'a saved output of ibnetdiscover: gives hosts their leaf, by name' }),
  'connect-timeout': quantityOption('s').default(20),
  relays: z
    .union([z.number().int().min(1), hostSource, z.array(hostSource).min(1)])
    .optional()
    .meta({
      description:
        'hosts that carry the connections of others: so many of the fleet, or these by name; the controller then holds one connection a relay',
    }),
  'handshakes-at-once': z.number().int().min(1).max(1000).default(32),
});

/** The block with its defaults. */
export type SshOptions = z.output<typeof sshOptions>;
