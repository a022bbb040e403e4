/** What Google's own protos say of the calls that the runner makes: routes, fields, words of enumerations. */
import { createRequire } from 'node:module';

/** As protobufjs writes protos.json, as far as it is read here. */
interface Space {
  readonly nested?: Readonly<Record<string, Space>>;
  readonly fields?: Readonly<
    Record<string, { readonly type: string; readonly rule?: string; readonly keyType?: string }>
  >;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<
    Record<
      string,
      {
        readonly requestType: string;
        readonly responseType: string;
        readonly options?: Readonly<Record<string, string>>;
      }
    >
  >;
}

/** A message: its fields with their types ("X[]", "map<X>"), and its enumerations by name. */
export interface Message {
  readonly fields: Readonly<Record<string, string>>;
  readonly words?: Readonly<Record<string, readonly string[]>>;
}

/** One call: verb and path, where its query goes, what its body and its answer are. */
export interface Method {
  readonly verb: string;
  readonly path: string;
  readonly request: string;
  readonly body?: string;
  readonly answer: string;
}

/** The extract that tests read: fixtures/recorded/gcp/protos.json. */
export interface Protos {
  readonly source: string;
  readonly methods: Readonly<Record<string, Method>>;
  readonly messages: Readonly<Record<string, Message>>;
}

/** Service → methods that the runner or its stand-in know; a package each. */
const USED = {
  '@google-cloud/compute': {
    path: ['google', 'cloud', 'compute', 'v1'],
    services: {
      Instances: 'AggregatedList List BulkInsert Get Delete GetGuestAttributes ReportHostAsFaulty',
      Disks: 'AggregatedList Delete',
      InstanceGroupManagers:
        'AggregatedList Insert Get Delete ListManagedInstances DeleteInstances',
      ResourcePolicies: 'AggregatedList Insert Delete',
      InstanceTemplates: 'List Insert Delete',
      Reservations: 'Get',
      ZoneOperations: 'List Get',
      RegionOperations: 'Get',
      GlobalOperations: 'Get',
    },
  },
  '@google-cloud/tpu': {
    path: ['google', 'cloud', 'tpu', 'v2'],
    services: { Tpu: 'ListNodes ListQueuedResources GetGuestAttributes' },
  },
} as const;

/** Packages and versions that the extract is made of: the last ones for Node.js 20. */
export const PACKAGES = ['@google-cloud/compute@6.15.0', '@google-cloud/tpu@3.8.1'];

/** Reads both packages. @param folder where they are installed */
export function readProtos(folder: string): Protos {
  const need = createRequire(`${folder}/`);
  const methods: Record<string, Method> = {};
  const messages: Record<string, Message> = {};
  for (const [name, { path, services }] of Object.entries(USED)) {
    const file = need.resolve(`${name}/package.json`).replace(/package\.json$/u, '');
    const whole = need(`${file}build/protos/protos.json`) as Space;
    const space = path.reduce<Space>((above, one) => above.nested?.[one] ?? {}, whole);
    for (const [service, names] of Object.entries(services)) {
      for (const method of names.split(' ')) {
        const found = space.nested?.[service]?.methods?.[method];
        if (found === undefined) throw new Error(`${name} has no ${service}.${method}`);
        methods[`${service}.${method}`] = methodOf(found, space);
        take(found.requestType, space, messages);
        take(found.responseType, space, messages);
      }
    }
  }
  return { source: PACKAGES.join(', '), methods, messages };
}

function methodOf(
  { requestType, responseType, options = {} }: NonNullable<Space['methods']>[string],
  space: Space,
): Method {
  const found = Object.entries(options).flatMap(([key, path]) => {
    const verb = /^\(google\.api\.http\)\.(get|post|put|patch|delete)$/u.exec(key)?.[1];
    return verb === undefined ? [] : [{ verb: verb.toUpperCase(), path }];
  });
  const [route] = found;
  if (route === undefined) throw new Error(`${requestType} has no route`);
  const body = options['(google.api.http).body']?.replaceAll(/_([a-z])/gu, (_, letter: string) =>
    letter.toUpperCase(),
  );
  // "*": what is not in the path.
  const type = body === '*' ? requestType : space.nested?.[requestType]?.fields?.[body ?? '']?.type;
  return {
    ...route,
    request: requestType,
    ...(type !== undefined && { body: type }),
    answer: responseType,
  };
}

/** A message with all that it holds. */
function take(name: string, space: Space, messages: Record<string, Message>): void {
  const { fields, nested = {} } = space.nested?.[name] ?? {};
  if (fields === undefined || messages[name] !== undefined) return;
  const words = Object.entries(nested).flatMap(([key, { values }]) =>
    values === undefined
      ? []
      : [[key, Object.keys(values).filter((one) => !one.startsWith('UNDEFINED_'))] as const],
  );
  messages[name] = {
    fields: Object.fromEntries(
      Object.entries(fields).map(([key, { type, rule, keyType }]) => [
        key,
        keyType === undefined ? `${type}${rule === 'repeated' ? '[]' : ''}` : `map<${type}>`,
      ]),
    ),
    ...(words.length > 0 && { words: Object.fromEntries(words) }),
  };
  for (const { type } of Object.values(fields)) take(type, space, messages);
}
