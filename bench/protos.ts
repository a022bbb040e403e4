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

/** Service → methods that the runner or its stand-in know; a package each, and what its messages' names begin with. */
const USED = {
  '@google-cloud/compute': {
    prefix: '',
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
    // Some of its messages have names of Compute's.
    prefix: 'tpu.',
    path: ['google', 'cloud', 'tpu', 'v2'],
    services: {
      Tpu: 'ListNodes GetNode CreateNode DeleteNode ListQueuedResources GetQueuedResource CreateQueuedResource DeleteQueuedResource GetGuestAttributes',
    },
  },
} as const;

/** Packages and versions that the extract is made of: the last ones for Node.js 20. */
export const PACKAGES = ['@google-cloud/compute@6.15.0', '@google-cloud/tpu@3.8.1'];

/** Reads both packages. @param folder where they are installed */
export function readProtos(folder: string): Protos {
  const need = createRequire(`${folder}/`);
  const methods: Record<string, Method> = {};
  const messages: Record<string, Message> = {};
  for (const [name, { path, prefix, services }] of Object.entries(USED)) {
    const file = need.resolve(`${name}/package.json`).replace(/package\.json$/u, '');
    const whole = need(`${file}build/protos/protos.json`) as Space;
    const space = path.reduce<Space>((above, one) => above.nested?.[one] ?? {}, whole);
    for (const [service, names] of Object.entries(services)) {
      for (const method of names.split(' ')) {
        const found = space.nested?.[service]?.methods?.[method];
        if (found === undefined) throw new Error(`${name} has no ${service}.${method}`);
        methods[`${service}.${method}`] = methodOf(found, space, prefix);
        take([found.requestType], space, prefix, messages);
        take([found.responseType], space, prefix, messages);
      }
    }
  }
  return { source: PACKAGES.join(', '), methods, messages };
}

function methodOf(
  { requestType, responseType, options = {} }: NonNullable<Space['methods']>[string],
  space: Space,
  prefix: string,
): Method {
  const named = (type: string) => nameOf(resolved(type, [], space), prefix) ?? type;
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
    request: named(requestType),
    ...(type !== undefined && { body: named(type) }),
    answer: named(responseType),
  };
}

/** A message with all that it holds. @param path its name, after those that it is nested in */
function take(
  path: readonly string[],
  space: Space,
  prefix: string,
  messages: Record<string, Message>,
): void {
  const { fields, nested = {} } = at(path, space) ?? {};
  const name = nameOf(path, prefix) ?? '';
  if (fields === undefined || messages[name] !== undefined) return;
  const words = Object.entries(nested).flatMap(([key, { values }]) =>
    values === undefined
      ? []
      : [[key, Object.keys(values).filter((one) => !one.startsWith('UNDEFINED_'))] as const],
  );
  const inner = Object.entries(fields).map(([key, { type, rule, keyType }]) => {
    const found = resolved(type, path, space);
    const named = nameOf(found, prefix) ?? type;
    const whole =
      keyType === undefined ? `${named}${rule === 'repeated' ? '[]' : ''}` : `map<${named}>`;
    return { key, found, whole };
  });
  messages[name] = {
    fields: Object.fromEntries(inner.map(({ key, whole }) => [key, whole])),
    ...(words.length > 0 && { words: Object.fromEntries(words) }),
  };
  for (const { found } of inner) if (found !== undefined) take(found, space, prefix, messages);
}

function at(path: readonly string[], space: Space): Space | undefined {
  return path.reduce<Space | undefined>((above, one) => above?.nested?.[one], space);
}

/** Where a message of that name is meant: the innermost that sees it. */
function resolved(
  type: string,
  from: readonly string[],
  space: Space,
): readonly string[] | undefined {
  for (let depth = from.length; depth >= 0; depth -= 1) {
    const path = [...from.slice(0, depth), type];
    if (at(path, space)?.fields !== undefined) return path;
  }
  return undefined;
}

function nameOf(path: readonly string[] | undefined, prefix: string): string | undefined {
  return path === undefined ? undefined : `${prefix}${path.join('.')}`;
}
