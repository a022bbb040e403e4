import { mkdtempSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ground } from '../../../runners/session/bootstrap.ts';
import { createHost, type Puts } from '../../../runners/session/host.ts';
import { thisMachine } from '../../../runners/session/this-machine.ts';

const bytes = Buffer.from('some payload');
const sha256 = createHash('sha256').update(bytes).digest('hex');

/** Hosts of one store. */
function hosts() {
  const folder = mkdtempSync(join(tmpdir(), 'assay-host-'));
  const ground: Ground = {
    cache: folder,
    files: join(folder, 'files'),
    store: 'one',
    left: false,
    torch: false,
    jax: false,
  };
  const puts: Puts = new Map();
  const never = () => new Promise<never>(() => {});
  return (id: string, shell = thisMachine()) =>
    createHost(id, ground, folder, shell, never, puts, () => {});
}

test('hosts that share a store and ask at once: one brings the file', async () => {
  const host = hosts();
  let brought = 0;
  const counting = () => {
    const shell = thisMachine();
    return {
      ...shell,
      exec: (...given: Parameters<typeof shell.exec>) => {
        brought += 1;
        return shell.exec(...given);
      },
    };
  };
  const all = ['n1', 'n2', 'n3', 'n4'].map((id) => host(id, counting()));
  await Promise.all(all.map((one) => one.put(sha256, bytes, AbortSignal.timeout(30_000))));
  assert.is(brought, 1);
  await Promise.all(all.map((one) => one.close()));
});

test('a host that is away holds up none that share its store', async () => {
  const host = hosts();
  const broken = thisMachine();
  await broken.close();
  const [away, here] = [host('n1', broken), host('n2')];
  const cut = new AbortController();
  const waiting = away.put(sha256, bytes, cut.signal).catch((error: unknown) => error);
  const path = await here.put(sha256, bytes, AbortSignal.timeout(30_000));
  assert.equal(readFileSync(path), bytes);
  cut.abort('enough');
  assert.is(await waiting, 'enough');
  assert.is(await away.put(sha256, bytes, AbortSignal.timeout(1000)), path, 'it is there by now');
  await here.close();
});

test.run();
