/** The azure, gcp and oci runners whole, against their stand-ins: two machines each over real sshd, a TPU slice too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../../fixtures/clouds/serve.ts';
import { standInPlan } from '../stand-in-plan.ts';
import { json, verdictOf, Workplace } from './command-line.ts';
import { JAX_PYTHON } from './run-payload.ts';

const test = suite('azure, gcp, oci: provision, judge, give back');

/** Plan → its runner, and what makes two machines of its eight. */
const PLANS = [
  ['azure', 'azure', { nodes: 2 }],
  ['gcp', 'gcp', { nodes: 2 }],
  ['tpu', 'gcp', { nodes: 2, topology: '2x4' }],
  ['oci', 'oci', { nodes: 2 }],
] as const;

let place: Workplace;
test.before(() => {
  place = new Workplace();
});
test.after(() => place.remove());

for (const [name, runner, provision] of PLANS) {
  test(`${name}: machines are provisioned, judged, reported and given back`, async () => {
    const standIn = await serve(runner);
    try {
      const others = standIn.held().length;
      const plan = await standInPlan(name, place.folder, {
        fleet: { endpoint: standIn.url, ...(name === 'tpu' && { python: JAX_PYTHON }) },
        provision,
        suites: ['matmul'],
        count: 2,
      });
      const ended = await place.run('accept', plan, '--out', name);
      assert.is(ended.code, 0, ended.text);
      assert.match(ended.stdout, /^Stand-in: /mu, 'said before anything else');
      const out = place.path(name);
      const run = join(out, readdirSync(out).find((entry) => /^\d{8}-/u.test(entry)) ?? '');
      const { lot, origin } = verdictOf(run) as unknown as {
        lot: { verdict: string; delivered: number };
        origin: string;
      };
      assert.equal([lot.verdict, lot.delivered, origin], ['accept', 2, 'stand-in']);
      const fleet = json(run, 'fleet.json') as {
        nodes: { identity: { kind: string }[]; environment: Record<string, string> }[];
      };
      assert.ok(fleet.nodes.every(({ identity }) => identity[0]?.kind === 'provider-id'));
      assert.ok(
        fleet.nodes.every((node) => node.environment['ssh.host-key'] === 'from the provider'),
      );
      assert.is(standIn.held().length, others, 'nothing of ours is left, all of others is');
      const text = readdirSync(run, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
        .join('\n');
      assert.not.match(text + ended.text, /PRIVATE KEY|ssh-(?:rsa|ed25519) AAAA|sig=not-a-secret/u);
      assert.equal(readdirSync(join(place.home, '.local/state/assay/keys')), [], 'its key is gone');
    } finally {
      await standIn.close();
    }
  });
}

test.run();
