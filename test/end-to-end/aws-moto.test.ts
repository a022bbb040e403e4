/** EC2 by somebody else: the real moto server, unmodified, in a virtual environment of its own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attachInstances } from '../../runners/aws/attach.ts';
import { connectEc2, type Ec2 } from '../../runners/aws/client.ts';
import { ec2Provisioner } from '../../runners/aws/provision.ts';
import { systemClock } from '../../runners/cloud/clock.ts';
import { erase } from '../../runners/cloud/erase.ts';
import { run, spawn } from '../../runners/process.ts';
import { block } from '../runners/aws/subject.ts';

const VERSION = '5.2.5';
const PORT = 23_060;
const test = suite('aws: attach and release against moto');
const folder = fileURLToPath(new URL(`../../.cache/moto-${VERSION}`, import.meta.url));
const program = join(folder, 'bin', 'moto_server');

let missing: string | undefined;
const stop = new AbortController();
let ec2: Ec2;

test.before(async () => {
  missing = await install();
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`);
    return;
  }
  const server = spawn([program, '-H', '127.0.0.1', '-p', String(PORT)], { signal: stop.signal });
  server.stdout.resume();
  server.stderr.resume();
  const endpoint = `http://127.0.0.1:${PORT}`;
  for (let tries = 0; tries < 150; tries += 1) {
    const up = await fetch(`${endpoint}/moto-api/`).then(
      () => true,
      () => false,
    );
    if (up) break;
    await pause(200);
  }
  const redact = () => undefined;
  ec2 = await connectEc2({
    clock: systemClock,
    random: Math.random,
    standIn: true,
    endpoint,
    redact,
  });
});
test.after(() => stop.abort());

/** @returns why it can't be had */
async function install(): Promise<string | undefined> {
  if (existsSync(program)) return undefined;
  const made = await run(['python3', '-m', 'venv', folder], { limit: 120 });
  if (made.ended !== 'exited' || made.code !== 0) return 'python3 makes no virtual environment';
  const pip = join(folder, 'bin', 'pip');
  const words = [
    pip,
    'install',
    '--quiet',
    '--no-cache-dir',
    `moto[server,ec2]==${VERSION}`,
  ] as const;
  const got = await run([...words], { limit: 240 });
  return got.ended === 'exited' && got.code === 0 ? undefined : 'moto is not to be had from PyPI';
}

const signal = () => AbortSignal.timeout(30_000);
const REGION = 'us-east-1';

/** What a supplier has delivered: launched with the SDK's own names, tagged by them. */
async function delivered(count: number, value: string): Promise<readonly string[]> {
  const { Instances = [] } = await ec2.call(
    REGION,
    'RunInstances',
    {
      ImageId: 'ami-12c6146b',
      InstanceType: 't2.micro',
      MinCount: count,
      MaxCount: count,
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'delivery', Value: value }] }],
    },
    { signal: signal(), instances: count },
  );
  return Instances.flatMap(({ InstanceId }) => InstanceId ?? []);
}

test('attach by tag finds exactly the delivered machines, with addresses', async () => {
  if (missing !== undefined) return;
  const ids = await delivered(8, 'tranche-7');
  await delivered(3, 'tranche-8');
  const attach = { regions: [REGION, 'us-west-2'], tags: { delivery: 'tranche-7' } };
  const slots = await attachInstances(ec2, attach, 'private', signal());
  assert.equal(
    slots.map((one) => ('machine' in one ? one.machine.id : one.reason)),
    [...ids].sort(),
  );
  for (const slot of slots) {
    assert.ok('machine' in slot && slot.machine.life === 'running');
    assert.match(slot.machine.address ?? '', /^\d+\.\d+\.\d+\.\d+$/u);
  }
});

test('attach by id keeps the order of the plan, and tells which one is in no region', async () => {
  if (missing !== undefined) return;
  const [first = '', second = ''] = await delivered(2, 'by-id');
  const ids = [second, 'i-0123456789abcdef0', first];
  const slots = await attachInstances(ec2, { regions: [REGION], ids }, 'private', signal());
  assert.equal(
    slots.map((one) => ('machine' in one ? one.machine.id : one.code)),
    [second, 'PROVIDER_GONE', first],
  );
});

test('what carries our tags is released until it is gone; the others stay', async () => {
  if (missing !== undefined) return;
  const { provision } = block('http://127.0.0.1:1');
  if (provision === undefined) throw new Error('no provision');
  const provisioner = ec2Provisioner(ec2, { provision, address: 'private' });
  const tagged = async (run: string) => {
    const marks = { run, owner: 'tester', expires: Date.now() + 3_600_000 };
    const { tagsOf } = await import('../../runners/aws/tags.ts');
    const { Instances = [] } = await ec2.call(
      REGION,
      'RunInstances',
      {
        ImageId: 'ami-12c6146b',
        InstanceType: 't2.micro',
        MinCount: 4,
        MaxCount: 4,
        ClientToken: run,
        TagSpecifications: [{ ResourceType: 'instance', Tags: tagsOf(marks) }],
      },
      { signal: signal(), instances: 4 },
    );
    return Instances.length;
  };
  assert.is(await tagged('run-a'), 4);
  assert.is(await tagged('run-b'), 4);
  assert.is((await provisioner.machines('run-a', signal())).length, 4);
  const how = { clock: systemClock, signal: signal(), limit: 20 };
  const { deleted, left, blind } = await erase(provisioner, { runs: ['run-a'] }, how);
  assert.is(deleted.filter(({ kind }) => kind === 'instance').length, 4);
  assert.equal([left, blind], [[], []]);
  const after = await provisioner.holdings({ runs: ['run-b'] }, signal());
  assert.is(after.found.filter(({ kind }) => kind === 'instance').length, 4);
  const attach = { regions: [REGION], tags: { delivery: 'tranche-7' } };
  assert.is((await attachInstances(ec2, attach, 'private', signal())).length, 8);
});

test.run();
