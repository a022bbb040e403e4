import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { partById } from '../../../plan/catalogue/parts.ts';
import type { Delivery } from '../../../plan/model.ts';
import type { Problems } from '../../../plan/problems.ts';
import { checkProfile } from '../../../plan/profile-fit.ts';
import {
  NCCL_PROFILES,
  NETWORKS,
  ncclProfile,
  profileVariables,
} from '../../../plan/catalogue/nccl-profiles.ts';

const test = suite('NCCL profiles');

for (const [name, profile] of Object.entries(NCCL_PROFILES)) {
  test(`${name}: a network, a source, and variables that are some`, () => {
    assert.ok(NETWORKS.includes(profile.transport));
    assert.ok(profile.source.length > 10);
    for (const [variable, value] of Object.entries(profileVariables(profile))) {
      assert.match(variable, /^(?:NCCL_[A-Z0-9_]+|FI_[A-Z_]+|LD_LIBRARY_PATH)$/u);
      assert.is.not(value, '');
    }
    for (const folder of profile.libraries ?? []) assert.match(folder, /^\/[\w./-]+$/u);
  });
}

test('a name of nobody is none, nor is one that every object has', () => {
  assert.is(ncclProfile('my-lab'), undefined);
  assert.is(ncclProfile('constructor'), undefined);
  assert.is(ncclProfile(undefined), undefined);
});

test('each cloud has a network of its own, and the topology file of Azure goes into containers', () => {
  assert.is(
    ncclProfile('azure-ndv5')?.environment['NCCL_TOPO_FILE'],
    '/opt/microsoft/ndv5-topo.xml',
  );
  const clouds = Object.keys(NCCL_PROFILES).map((name) => name.split('-')[0]);
  for (const cloud of ['aws', 'azure', 'gcp', 'oci']) assert.ok(clouds.includes(cloud), cloud);
});

/** What a plan is told about its profile; undefined: nothing. */
function told(profile: string, fleet: object, sku: string, provider = 'own'): string | undefined {
  const said: string[] = [];
  const problems = {
    add: (_code: string, path: readonly unknown[], message: string, hint: string) =>
      void said.push(`${path.join('.')}: ${message}. ${hint}`),
  } as unknown as Problems;
  checkProfile(
    [{ id: 'nccl', options: { profile } }],
    { runner: 'ssh', grace: 1, lease: 1, options: {}, ...fleet },
    { sku, provider } as Delivery,
    partById(sku),
    problems,
  );
  return said[0];
}

test('a profile that was written for other machines is refused, with those that fit', () => {
  const aws = (type: string) => ({ runner: 'aws', options: { provision: { type } } });
  assert.is(told('aws-p5', aws('p5en.48xlarge'), 'h200-sxm'), undefined);
  assert.is(told('aws-efa', aws('p6-b200.48xlarge'), 'b200'), undefined);
  assert.match(
    told('aws-p5', aws('p6-b200.48xlarge'), 'b200') ?? '',
    /^suites\.nccl\.profile: aws-p5 is not for these machines: .*they are p6-b200\.48xlarge\. Those that are: aws-efa, ethernet;/u,
  );
  const oci = { runner: 'oci', options: { provision: { shape: 'BM.GPU.H200.8' } } };
  assert.match(told('oci-h100', oci, 'h200-sxm') ?? '', /written for BM\.GPU\.H100\.8/u);
  const size = { runner: 'azure', options: { provision: { size: 'Standard_ND96isr_H200_v5' } } };
  assert.is(told('azure-ndv5', size, 'h200-sxm'), undefined);
  assert.match(told('azure-ndv4', size, 'h200-sxm') ?? '', /not for these machines/u);
});

test('where no type is known, the cloud and the SKU are what is held against it', () => {
  assert.match(told('gcp-gib', { runner: 'aws' }, 'h200-sxm') ?? '', /of gcp, they are of aws/u);
  assert.match(told('gcp-gib', {}, 'h200-sxm', 'oci') ?? '', /of gcp, they are of oci/u);
  assert.match(told('oci-b200', {}, 'h100-sxm', 'oci') ?? '', /written for b200, they are h100/u);
  assert.is(told('oci-h100', {}, 'cpu-reference', 'oci'), undefined, 'it stands for what it says');
  assert.is(told('my-lab', { runner: 'aws' }, 'h200-sxm'), undefined);
});

test('every SKU that a profile names is one of the catalogue', () => {
  for (const { skus = [] } of Object.values(NCCL_PROFILES)) {
    for (const sku of skus) assert.ok(partById(sku) !== undefined, sku);
  }
});

test.run();
