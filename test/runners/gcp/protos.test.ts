/** Google's own protos as the truth: what the runner sends and the stand-in takes and gives exists there. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Protos } from '../../../bench/protos.ts';
import { BODIES, type Keys } from '../../../fixtures/clouds/gcp/body.ts';
import { NAMES, routeOf } from '../../../fixtures/clouds/gcp/routes.ts';
import { PROJECT } from '../../../fixtures/clouds/gcp/store.ts';
import { serve } from '../../../fixtures/clouds/serve.ts';
import { attachInstances } from '../../../runners/gcp/attach.ts';
import { guestKeys } from '../../../runners/gcp/host-keys.ts';
import { reportHosts } from '../../../runners/gcp/faults.ts';
import {
  givenBack,
  planeOf,
  provisioned,
  PUBLIC_KEY,
  quickClock,
  type Subject,
} from '../cloud/plane.ts';
import { gcpOf, gcpSubject, sliceSubject, tpuSubject } from './subject.ts';

const test = suite("gcp: the stand-in against Google's protos");

const file = new URL('../../../fixtures/recorded/gcp/protos.json', import.meta.url);
const { methods, messages } = JSON.parse(readFileSync(file, 'utf8')) as Protos;

/** What a JSON value has that its message has not: unknown fields, words that no enumeration knows. */
function unknownIn(value: unknown, type: string, path: string): readonly string[] {
  const inner = /^(?:map<(.+)>|(.+)\[\])$/u.exec(type);
  if (inner !== null && typeof value === 'object' && value !== null) {
    const below = inner[1] ?? inner[2] ?? '';
    return Object.values(value).flatMap((one) => unknownIn(one, below, path));
  }
  const message = messages[type];
  if (message === undefined || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    const field = message.fields[key];
    if (field === undefined) return [`${path}.${key}`];
    const words = message.words?.[`${key.charAt(0).toUpperCase()}${key.slice(1)}`];
    const odd = words !== undefined && typeof one === 'string' && !words.includes(one);
    return odd ? [`${path}.${key} = ${one}`] : unknownIn(one, field, `${path}.${key}`);
  });
}

/** "Instances.BulkInsert" → the stand-in's names for it. */
function namesOf(method: string): readonly string[] {
  const [service = '', call = ''] = method.split('.');
  if (service === 'Tpu') {
    if (call === 'GetGuestAttributes') return ['nodes.getGuestAttributes'];
    const [, verb = '', thing = ''] = /^(List|Get|Create|Delete)(\w+?)s?$/u.exec(call) ?? [];
    return [`${thing.charAt(0).toLowerCase()}${thing.slice(1)}s.${verb.toLowerCase()}`];
  }
  const name = `${service.charAt(0).toLowerCase()}${service.slice(1)}.${call.charAt(0).toLowerCase()}${call.slice(1)}`;
  return [name, name.replace(/^(?:zone|region|global)Operations\.get$/u, 'operations.get')];
}

/** A path of the protos with a word in each of its places. */
function filledIn(path: string, word: string): string {
  return path
    .replaceAll(/\{\w+=([^}]+)\}/gu, (_, inner: string) => inner.replaceAll('*', word))
    .replaceAll(/\{[^}]+\}/gu, word);
}

/** The protos' method of a request. */
function methodOf(verb: string, path: string) {
  return Object.entries(methods).find(([, method]) => {
    const pattern = filledIn(method.path, '[^/]+');
    return method.verb === verb && new RegExp(`^${pattern}$`, 'u').test(path);
  });
}

const known = Object.entries(methods).map(([method, { verb, path }]) => {
  const url = filledIn(path, 'a1').replace('projects/a1', `projects/${PROJECT}`);
  const request = { method: verb, url: new URL(url, 'http://x'), headers: {}, body: '' };
  return { method, route: routeOf(request)?.name };
});

/** Of every API of Google's alike (google.cloud.location, google.longrunning), in no proto of their own. */
const COMMON: Readonly<Record<string, RegExp>> = {
  'locations.list': /^\/v2\/projects\/[^/]+\/locations$/u,
  'tpuOperations.get': /^\/v2\/projects\/[^/]+\/locations\/[^/]+\/operations\/[^/]+$/u,
};

for (const name of NAMES.filter((one) => COMMON[one] === undefined)) {
  test(`${name} has the verb and the path that Google gives it`, () => {
    const mine = known.filter(({ route }) => route === name);
    assert.ok(mine.length > 0, 'no route of the protos leads here');
    for (const { method } of mine) assert.ok(namesOf(method).includes(name), method);
  });
}

for (const [operation, { message, keys }] of Object.entries(BODIES)) {
  test(`every key that ${operation} takes is one of ${message}`, () => {
    const wanted = known.find(({ route }) => route === operation)?.method ?? '';
    assert.is(methods[wanted]?.body, message);
    assert.equal(unknownKeys(keys, message, message), []);
  });
}

function unknownKeys(keys: Keys, type: string, path: string): readonly string[] {
  const message = messages[type.replace(/\[\]$/u, '')];
  if (keys === true || message === undefined) return [];
  return Object.entries(keys).flatMap(([key, below]) => {
    const field = message.fields[key];
    return field === undefined ? [`${path}.${key}`] : unknownKeys(below, field, `${path}.${key}`);
  });
}

/** All that goes over the wire while something is done, held against the protos. */
async function unknownOnWire(what: (url: string) => Promise<void>): Promise<readonly string[]> {
  const standIn = await serve('gcp', { boot: 'none' });
  const real = globalThis.fetch;
  const odd: string[] = [];
  let seen = 0;
  globalThis.fetch = async (input, init = {}) => {
    const url = new URL(new Request(input, init).url);
    const verb = init.method ?? 'GET';
    const response = await real(input, init);
    const [name, method] = methodOf(verb, url.pathname) ?? [];
    seen += 1;
    const common = Object.values(COMMON).some((path) => path.test(url.pathname));
    if (name === undefined || method === undefined) {
      if (!common) odd.push(`${verb} ${url.pathname}`);
    } else {
      const request = messages[method.request]?.fields ?? {};
      odd.push(
        ...[...url.searchParams.keys()]
          .filter((key) => !(key in request))
          .map((key) => `${name}?${key}`),
      );
      if (typeof init.body === 'string') {
        odd.push(...unknownIn(JSON.parse(init.body), method.body ?? '', `${name} sends `));
      }
      if (response.ok) {
        odd.push(...unknownIn(await response.clone().json(), method.answer, `${name} gives `));
      }
    }
    return response;
  };
  try {
    await what(standIn.url);
  } finally {
    globalThis.fetch = real;
    await standIn.close();
  }
  assert.ok(seen > 5, 'something was looked at');
  return [...new Set(odd)];
}

test('a check that finds what is not there', () => {
  const body = {
    count: '1',
    bogus: 1,
    instanceProperties: { scheduling: { provisioningModel: 'CHEAP' } },
  };
  assert.equal(unknownIn(body, 'BulkInsertInstanceResource', ''), [
    '.bogus',
    '.instanceProperties.scheduling.provisioningModel = CHEAP',
  ]);
});

for (const [how, subject] of [
  ['bulk', gcpSubject],
  ['slice', sliceSubject],
  ['tpu-node', tpuSubject('tpu-node')],
  ['queued-resource', tpuSubject('queued-resource')],
] satisfies [string, Subject][]) {
  test(`${how}: nothing that is sent or answered is unknown to Google`, async () => {
    const odd = await unknownOnWire(async (url) => {
      const plane = await planeOf(subject, { url }, 8);
      const { slots = [] } = await provisioned(plane, 8, 8);
      assert.is(slots.filter((one) => 'machine' in one).length, 8);
      await givenBack(plane);
    });
    assert.equal(odd, []);
  });
}

test('attach and fault reports: nothing that is sent or answered is unknown to Google', async () => {
  const { signal } = new AbortController();
  const odd = await unknownOnWire(async (url) => {
    await fetchDeliver(url);
    const gcp = await gcpOf(url, quickClock());
    const labels = { delivery: 'tranche-7' };
    const slots = await attachInstances(gcp, { labels }, 'private', signal);
    const zones = ['us-central1-a'];
    const hosts = await attachInstances(
      gcp,
      { zones, 'tpu-nodes': ['tranche'] },
      'private',
      signal,
    );
    const [host] = hosts.flatMap((one) => ('machine' in one ? [one.machine] : []));
    if (host === undefined) throw new Error('the node has hosts');
    await guestKeys(gcp, host, signal);
    await attachInstances(gcp, { zones, 'queued-resources': ['q-tranche'] }, 'private', signal);
    const [first] = slots.flatMap((one) => ('machine' in one ? [one.machine] : []));
    const fault = {
      node: 'n0001',
      identity: [{ kind: 'provider-id' as const, value: first?.id ?? '' }],
      reasons: ['nccl.all_reduce.busbw 310 GB/s, at least 450 GB/s'],
      from: '2026-11-25T01:00:00.000Z',
      to: '2026-11-25T02:00:00.000Z',
    };
    const [sent] = await reportHosts(gcp, [fault], true, signal);
    assert.is(sent?.problem, undefined);
  });
  assert.equal(
    odd.filter((one) => !one.includes('/_stand-in/')),
    [],
  );
});

function fetchDeliver(url: string): Promise<Response> {
  const body = JSON.stringify({ count: 4, publicKey: PUBLIC_KEY });
  return fetch(`${url}/_stand-in/deliver`, { method: 'POST', body });
}

test.run();
