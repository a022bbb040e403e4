/** The official SDK as the truth: a second client, in front of the stand-in, that knows Azure's own names. */
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SET_KEYS } from '../../../fixtures/clouds/azure/body.ts';
import { SUBSCRIPTION } from '../../../fixtures/clouds/azure/store.ts';
import { serve, type Serving } from '../../../fixtures/clouds/serve.ts';
import { setBody } from '../../../runners/azure/set-body.ts';
import { PUBLIC_KEY } from '../cloud/plane.ts';
import { block } from './subject.ts';

const test = suite("azure: the stand-in and the runner's bodies against the official SDK");

// A checkout whose packages are older than this test goes on without it, and says so.
const there = existsSync(
  new URL('../../../node_modules/@azure/arm-compute/package.json', import.meta.url),
);
const shown = (name: string, check: () => Promise<void>) => {
  if (there) test(name, check);
  else test.skip(name, check);
};
if (!there) console.log('skipped: @azure/arm-compute is not installed (npm install)');

/** What went over the wire, as it went. */
interface Traffic {
  readonly method: string;
  readonly path: string;
  readonly sent: unknown;
  readonly given: unknown;
}

/** @param url of a stand-in; absent: whatever is sent gets an empty success */
async function client(url?: string) {
  const { ComputeManagementClient } = await import('@azure/arm-compute');
  const made = new ComputeManagementClient(
    { getToken: async () => ({ token: 'none', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    SUBSCRIPTION,
    {
      endpoint: url ?? 'http://127.0.0.1:1',
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    },
  );
  // The SDK gives no token to a plain endpoint.
  made.pipeline.removePolicy({ name: 'bearerTokenAuthenticationPolicy' });
  const traffic: Traffic[] = [];
  made.pipeline.addPolicy({
    name: 'watched',
    async sendRequest(request, next) {
      request.headers.set('authorization', 'Bearer stand-in');
      const response =
        url === undefined
          ? { request, headers: request.headers, status: 200, bodyAsText: '{}' }
          : await next(request);
      traffic.push({
        method: request.method,
        path: new URL(request.url).pathname,
        sent: parsed(request.body),
        given: parsed(response.bodyAsText),
      });
      return response;
    },
  });
  return { made, traffic };
}

function parsed(text: unknown): unknown {
  return typeof text === 'string' && text !== '' ? (JSON.parse(text) as unknown) : undefined;
}

/** The SDK's models have no level called "properties": what is in it stands beside it. */
function hoisted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hoisted);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const { properties, ...rest } = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries({ ...rest, ...(properties as object | undefined) }).map(([key, one]) => [
      key,
      hoisted(one),
    ]),
  );
}

/** "sku.name": every path with a value, lists without numbers. */
function paths(value: unknown, above = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => paths(one, above));
  if (typeof value !== 'object' || value === null || value instanceof Date) {
    return value === undefined ? [] : [above];
  }
  return Object.entries(value).flatMap(([key, one]) =>
    paths(one, above === '' ? key : `${above}.${key}`),
  );
}

function beyond(ours: unknown, theirs: unknown): readonly string[] {
  const known = new Set(paths(hoisted(theirs)));
  return [...new Set(paths(hoisted(ours)))].filter((path) => !known.has(path));
}

const LISTS = /^(?:zones|publicKeys|networkInterfaceConfigurations|ipConfigurations|subgroups)$/u;

/** A body with every key that the stand-in takes. */
function filled(keys: unknown, name = ''): unknown {
  const inner =
    keys === true
      ? name === 'tags'
        ? { a: 'b' }
        : 'x'
      : Object.fromEntries(
          Object.entries(keys as object).map(([key, below]) => [key, filled(below, key)]),
        );
  return LISTS.test(name) ? [inner] : inner;
}

/** What the SDK makes of a body. */
async function through(body: unknown): Promise<unknown> {
  const { made, traffic } = await client();
  await made.virtualMachineScaleSets.createOrUpdate('g', 's', hoisted(body) as object);
  return traffic[0]?.sent;
}

shown('every key of a scale set that the stand-in takes is one that the SDK sends', async () => {
  const body = filled(SET_KEYS);
  assert.equal(beyond(body, await through(body)), []);
});

shown('a key that Azure does not know would be found', async () => {
  const body = { location: 'eastus', properties: { overprovision: false, cheap: true } };
  assert.equal(beyond(body, await through(body)), ['cheap']);
});

const SUBNET = `/subscriptions/${SUBSCRIPTION}/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/lab/subnets/a`;
const PLACES = [
  {
    location: 'eastus',
    zone: '1',
    subnet: SUBNET,
    'security-group': SUBNET.replace('virtualNetworks/lab/subnets/a', 'networkSecurityGroups/a'),
  },
  { location: 'eastus', subnet: SUBNET, priority: 'spot' },
  {
    location: 'eastus',
    subnet: SUBNET,
    'interconnect-block': `/subscriptions/${SUBSCRIPTION}/resourceGroups/n/providers/Microsoft.Compute/interconnectBlocks/b`,
    'interconnect-group': `/subscriptions/${SUBSCRIPTION}/resourceGroups/n/providers/Microsoft.Network/interconnectGroups/g`,
  },
];

/** The PUT of the runner at a place. */
function ourBody(at: number): object {
  const { provision } = block('http://127.0.0.1:1', { places: PLACES, 'os-disk-gib': 64 });
  const place = provision?.places[at];
  if (provision === undefined || place === undefined) throw new Error('no place');
  return setBody(provision, place, {
    marks: { run: 'r', owner: 'o', expires: Date.now() + 3_600_000 },
    tags: { 'assay-run': 'r' },
    publicKey: PUBLIC_KEY,
    capacity: 2,
    prefix: 'a-',
    account: 'assay',
    address: 'public',
  });
}

for (const at of PLACES.keys()) {
  shown(`the runner's own PUT comes out of the SDK as it went in (place ${at + 1})`, async () => {
    const body = ourBody(at);
    assert.equal(await through(body), JSON.parse(JSON.stringify(body)));
  });
}

async function against(world: object, what: (standIn: Serving) => Promise<void>): Promise<void> {
  const standIn = await serve('azure', { boot: 'none', ...world });
  try {
    await fetchGroup(standIn.url);
    await what(standIn);
  } finally {
    await standIn.close();
  }
}

function fetchGroup(url: string): Promise<Response> {
  return fetch(`${url}/subscriptions/${SUBSCRIPTION}/resourcegroups/g?api-version=2025-04-01`, {
    method: 'PUT',
    headers: { authorization: 'Bearer x' },
    body: '{"location":"eastus"}',
  });
}

shown('a second client makes a set, reads its machines, takes one and all away', async () => {
  await against({ neighbours: 0, startingFor: 30, endingFor: 30 }, async (standIn) => {
    const { made, traffic } = await client(standIn.url);
    const { virtualMachineScaleSets: sets, virtualMachineScaleSetVMs: machines } = made;
    const created = await sets.createOrUpdate('g', 's', hoisted(ourBody(0)) as object);
    assert.is((created as { provisioningState?: string }).provisioningState, 'Succeeded');
    const listed = await all(machines.list('g', 's', { expand: 'instanceView' }));
    assert.is(listed.length, 2);
    const { instanceId = '' } = listed[0] ?? {};
    const boot = await machines.retrieveBootDiagnosticsData('g', 's', instanceId);
    assert.match(boot.serialConsoleLogBlobUri ?? '', /^http:/u);
    // What the stand-in says beside what the SDK reads is made up.
    const raw = traffic.find(({ path }) => path.endsWith('/virtualMachines'))?.given as {
      readonly value: readonly unknown[];
    };
    assert.equal(beyond(raw.value, listed), []);
    const set = await sets.get('g', 's');
    assert.equal(beyond(traffic.at(-1)?.given, set), []);
    assert.is((await all(sets.list('g'))).length, 1);
    assert.is((await all(sets.listAll())).length, 1);
    await sets.deleteInstances('g', 's', { instanceIds: [instanceId] }, { forceDeletion: true });
    assert.is((await all(machines.list('g', 's', { expand: 'instanceView' }))).length, 1);
    await sets.delete('g', 's', { forceDeletion: true });
    assert.is((await all(sets.list('g'))).length, 0);
  });
});

async function all<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

shown(
  'it understands how the stand-in refuses: at once by code, in an operation by words',
  async () => {
    await against({ neighbours: 0, capacity: 1 }, async (standIn) => {
      const { made } = await client(standIn.url);
      const sets = made.virtualMachineScaleSets;
      const body = hoisted(ourBody(0)) as object;
      const failure = await refused(sets.createOrUpdate('g', 's', body));
      assert.match(failure.message, /AllocationFailed/u);
      const exists = await refused(sets.createOrUpdate('g', 's', body, { ifNoneMatch: '*' }));
      assert.equal([exists.code, exists.statusCode], ['PreconditionFailed', 412]);
      const gone = await refused(sets.get('g', 'nobody'));
      assert.equal([gone.code, gone.statusCode], ['ResourceNotFound', 404]);
      standIn.script({
        operation: '*',
        does: 'error',
        code: 'TooManyRequests',
        status: 429,
        times: 1,
      });
      const busy = await refused(sets.get('g', 's'));
      assert.equal([busy.code, busy.statusCode], ['TooManyRequests', 429]);
    });
  },
);

async function refused(
  call: Promise<unknown>,
): Promise<{ readonly message: string; readonly code?: string; readonly statusCode?: number }> {
  try {
    await call;
  } catch (error) {
    return error as Error & { readonly code?: string; readonly statusCode?: number };
  }
  throw new Error('it was not refused');
}

test.run();
