import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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

test.run();
