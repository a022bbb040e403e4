/** Signatures over whole requests, by the vendor's library and from the vendor's own configuration. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { AuthenticationDetailsProvider, Method } from 'oci-common';
import { HarnessError } from '../../plan/errors.ts';
import { optionalPackage } from '../cloud/optional-package.ts';
import { providerError } from '../cloud/problem.ts';
import type { Outgoing, RestOptions } from '../cloud/rest.ts';

type Vendor = typeof import('oci-common');

/** Where credentials come from. */
export interface SigningOptions {
  readonly credentials: 'config' | 'instance-principal' | 'resource-principal';
  readonly profile: string;
  /** No credentials are looked for: a key is made, and what stands in for OCI reads its public half in the key id. */
  readonly standIn: boolean;
  redact(value: string): void;
}

/** Signs, and knows what the vendor's library knows. */
export interface Signing {
  readonly authorise: RestOptions['authorise'];
  /** OCID of the tenancy that the credentials are of; undefined: they do not say. */
  tenancy(): Promise<string | undefined>;
  /** "https://iaas.us-ashburn-1.oraclecloud.com": the realm of a region is the library's to know. */
  origin(service: 'iaas' | 'identity', region: string): string;
}

/** Tenancy of the key that is made for a stand-in. */
export const STAND_IN_TENANCY = 'ocid1.tenancy.oc1..standin';
const TEMPLATES = {
  iaas: 'https://iaas.{region}.{secondLevelDomain}',
  identity: 'https://identity.{region}.oci.{secondLevelDomain}',
} as const;
/** `fetch` writes these itself, with the same values. */
const OWN = new Set(['host', 'content-length']);

/** @throws {HarnessError} PROVIDER_PACKAGE_MISSING */
export async function signing(options: SigningOptions): Promise<Signing> {
  const vendor = await optionalPackage('oci-common', () => import('oci-common'));
  const sources = held(() => sourceOf(vendor, options));
  const signer = held(async () => new vendor.DefaultRequestSigner(await sources.get()));
  if (options.standIn) await signer.get();
  return {
    async authorise(call, renew) {
      try {
        if (renew) {
          sources.drop();
          signer.drop();
        }
        const headers = await signed(await signer.get(), call);
        const { authorization = '' } = headers;
        // The key id of a session is its token.
        const token = /keyId="(ST\$[^"]+)"/u.exec(authorization)?.[1];
        if (token !== undefined) options.redact(token);
        return { headers, secrets: [authorization, ...(token === undefined ? [] : [token])] };
      } catch (error) {
        throw failed(error);
      }
    },
    async tenancy() {
      try {
        const source = await sources.get();
        return 'getTenantId' in source ? (source.getTenantId as () => string)() : undefined;
      } catch (error) {
        throw failed(error);
      }
    },
    origin: (service, region) =>
      vendor.EndpointBuilder.createEndpointFromRegionId(TEMPLATES[service], region),
  };
}

async function signed(
  signer: InstanceType<Vendor['DefaultRequestSigner']>,
  { method, url, headers, body }: Outgoing,
): Promise<Record<string, string>> {
  const request = {
    uri: url,
    method: method as Method,
    headers: new Headers({ ...headers }),
    ...(body !== undefined && { body }),
  };
  await signer.signHttpRequest(request);
  return Object.fromEntries([...request.headers].filter(([name]) => !OWN.has(name)));
}

async function sourceOf(
  vendor: Vendor,
  { credentials, profile, standIn }: SigningOptions,
): Promise<AuthenticationDetailsProvider> {
  if (standIn) return madeUp(vendor);
  if (credentials === 'instance-principal') {
    return new vendor.InstancePrincipalsAuthenticationDetailsProviderBuilder().build();
  }
  if (credentials === 'resource-principal') {
    return vendor.ResourcePrincipalAuthenticationDetailsProvider.builder();
  }
  const file = vendor.ConfigFileReader.parseDefault(profile);
  // The plain provider reads a session's token and does not send it.
  return (file.get('security_token_file') ?? '') === ''
    ? new vendor.ConfigFileAuthenticationDetailsProvider(undefined, profile)
    : new vendor.SessionAuthDetailProvider(undefined, profile);
}

/** One a process: making it takes longer than a hundred calls. */
const madeKey = held(() => promisify(generateKeyPair)('rsa', { modulusLength: 2048 }));

async function madeUp(vendor: Vendor): Promise<AuthenticationDetailsProvider> {
  const { publicKey, privateKey } = await madeKey.get();
  const id = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return new vendor.SimpleAuthenticationDetailsProvider(
    STAND_IN_TENANCY,
    'ocid1.user.oc1..standin',
    id,
    pem,
    null,
  );
}

/** Something that is made once, when it is first asked for, and again after it was dropped. */
function held<T>(make: () => Promise<T>) {
  let one: Promise<T> | undefined;
  return {
    get: () => (one ??= make()),
    drop() {
      one = undefined;
    },
  };
}

/** The library throws errors, strings and objects. */
function failed(error: unknown): HarnessError {
  if (error instanceof HarnessError) return error;
  const message = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
  return providerError('credentials', {
    provider: 'oci',
    operation: 'sign',
    code: error instanceof Error ? error.name : 'CREDENTIALS_MISSING',
    message,
    cause: error,
  });
}
