/** Keys of the plan's fleet block that every provider has; each adds its own. */
import { z } from 'zod';
import { HarnessError } from '../../plan/errors.ts';
import { quantityOption } from '../../plan/options.ts';

/** Spread into a provider's schema, beside its `attach` and `provision`. */
export const cloudFields = {
  owner: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._@-]{0,62}$/u, 'an owner has small letters, digits, "." "_" "@" "-"')
    .optional()
    .meta({ description: 'who answers for what is made, in its tags; default: this user' }),
  user: z.string().optional(),
  port: z.int().min(1).max(65535).optional(),
  'identity-file': z
    .string()
    .optional()
    .meta({ description: 'key for machines that are attached; those made get a key of the run' }),
  config: z
    .string()
    .default('~/.ssh/config')
    .meta({ description: 'OpenSSH client configuration (jump hosts); "none" reads no file' }),
  'host-keys': z.enum(['provider', 'known', 'accept-new']).default('provider').meta({
    description:
      'provider: keys that the provider vouches for, else accepted and said so; known: known_hosts only',
  }),
  'host-key-wait': quantityOption('s').default(240),
  address: z
    .enum(['private', 'public'])
    .default('private')
    .meta({ description: 'which of its addresses is reached' }),
  'connect-timeout': quantityOption('s').default(20),
  'handshakes-at-once': z.int().min(1).max(1000).default(32),
  'boot-time': quantityOption('s').default(1800),
  'release-time': quantityOption('s').default(1800),
  ends: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'when the capacity itself ends, where the provider does not say' }),
  endpoint: z
    .url({ protocol: /^https?$/u })
    .optional()
    .meta({ description: "in place of the provider's own address" }),
} as const;

const cloudSchema = z.strictObject(cloudFields);

/** The common part of a provider's options. */
export type CloudOptions = z.output<typeof cloudSchema>;

/**
 * A check for schemas with `attach` and `provision`: one of the two.
 *
 * @returns for `superRefine`
 */
export function oneWay(
  block: { readonly attach?: unknown; readonly provision?: unknown },
  context: z.RefinementCtx,
): void {
  if ((block.attach === undefined) !== (block.provision === undefined)) return;
  context.addIssue({
    code: 'custom',
    message: 'name either attach (machines that are there) or provision (machines to make)',
  });
}

/**
 * A check for an `attach`: it says which machines, not only where they are.
 *
 * @param keys each of them does
 * @returns for `superRefine`
 */
export function someOf(...keys: readonly string[]) {
  return (attach: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    if (keys.some((key) => attach[key] !== undefined)) return;
    const message = `says not which machines: ${keys.join(', ')}`;
    context.addIssue({ code: 'custom', message });
  };
}

/** The plan's attach block of a provider. */
export type AttachOf<O extends { readonly attach?: unknown }> = NonNullable<O['attach']>;
/** Its provision block. */
export type ProvisionOf<O extends { readonly provision?: unknown }> = NonNullable<O['provision']>;

/**
 * An endpoint that is not the provider's own stands in for it: the plan must say so, and the report will.
 *
 * @param own ends of host names that are the provider's: ".amazonaws.com"
 * @throws {HarnessError} PLAN_INVALID
 */
export function checkEndpoint(
  endpoint: string | undefined,
  own: readonly string[],
  standIn: boolean,
): void {
  if (endpoint === undefined || standIn) return;
  const { hostname, protocol } = new URL(endpoint);
  if (protocol === 'https:' && own.some((end) => hostname.endsWith(end))) return;
  throw new HarnessError(
    'PLAN_INVALID',
    `fleet.endpoint ${hostname} is not the provider's, and fleet.stand-in is not true`,
    { hint: 'Set stand-in: true; every figure is labelled so.' },
  );
}
