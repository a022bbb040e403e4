/** The history kept in step with a bucket of a real S3-compatible server: moto, from PyPI. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBucket, type Bucket } from '../../campaign/history/bucket.ts';
import { eventBatch } from '../../campaign/history/events.ts';
import { bringIntoStep } from '../../campaign/history/mirror.ts';
import { withHistory, type History } from '../../campaign/history/store.ts';
import { needMoto, startMoto, type Moto } from '../campaign/history/moto.ts';
import { rejects } from '../rejects.ts';

const test = suite('mirror');
const out = mkdtempSync(join(tmpdir(), 'assay-mirror-'));
const missing = needMoto();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const check = (name: string, body: () => Promise<void>) => {
  if (missing === undefined) test(name, body);
  else test.skip(name, body);
};

let moto: Moto;
let bucket: Bucket;
const environment: Record<string, string> = {};
test.before(async () => {
  if (missing !== undefined) return;
  moto = await startMoto();
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  environment['AWS_ENDPOINT_URL_S3'] = moto.url;
  await fetch(`${moto.url}/history`, { method: 'PUT' });
  bucket = await openBucket({ bucket: 'history', prefix: 'a/b' }, environment);
});
test.after(async () => {
  bucket?.close();
  await moto?.stop();
  rmSync(out, { recursive: true, force: true });
});

const batch = (id: string, night: string) =>
  eventBatch(id, 'D', night, [
    { id, at: `${night}T10:00:00.000Z`, night, kind: 'declared', body: { id } },
  ]);
const ids = async (history: History) =>
  (await history.database.all('SELECT id FROM events ORDER BY id')).map(({ id }) => id);

check('what one machine appends another has, and the other way round', async () => {
  await withHistory(join(out, 'one'), async (one) => {
    await one.append([batch('a', '2026-10-01'), batch('b', '2026-10-02')]);
    assert.equal(await bringIntoStep(one, bucket), { uploaded: 2, downloaded: 0 });
    assert.equal(await bringIntoStep(one, bucket), { uploaded: 0, downloaded: 0 });
    await withHistory(join(out, 'two'), async (two) => {
      assert.equal(await bringIntoStep(two, bucket), { uploaded: 0, downloaded: 2 });
      assert.equal(await ids(two), ['a', 'b']);
      // Both write before either is in step again.
      await one.append([batch('c', '2026-10-03')]);
      await two.append([batch('d', '2026-10-04')]);
      await bringIntoStep(one, bucket);
      await bringIntoStep(two, bucket);
      await bringIntoStep(one, bucket);
      assert.equal(await ids(one), ['a', 'b', 'c', 'd']);
      assert.equal(await ids(two), ['a', 'b', 'c', 'd']);
    });
  });
});

check('compaction takes the replaced files out of the bucket', async () => {
  await withHistory(join(out, 'one'), async (one) => {
    await one.compact('2026-11-01');
    await bringIntoStep(one, bucket);
    const keys = await bucket.list();
    assert.equal(
      [...keys].sort(),
      ['history.json', ...one.catalogue.files.map(({ path }) => path)].sort(),
    );
  });
  await withHistory(join(out, 'three'), async (three) => {
    await bringIntoStep(three, bucket);
    assert.equal(await ids(three), ['a', 'b', 'c', 'd']);
  });
});

check('two that replace the catalogue at once: one is told that it came too late', async () => {
  const was = await bucket.read('history.json');
  const [first, second] = await Promise.all([
    bucket.replace('history.json', `${was?.text ?? ''} `, was?.etag),
    bucket.replace('history.json', `${was?.text ?? ''}  `, was?.etag),
  ]);
  assert.is([first, second].filter((one) => one === undefined).length, 1);
  const now = await bucket.read('history.json');
  assert.ok(await bucket.replace('history.json', was?.text ?? '', now?.etag));
});

check('a file that was changed in the bucket is refused, and nothing here is changed', async () => {
  const [file] = [...(await bucket.list())].filter((key) => key.endsWith('.parquet'));
  const forged = join(out, 'forged');
  writeFileSync(forged, 'not what was written');
  await bucket.remove([file ?? '']);
  await bucket
    .upload(file ?? '', forged, 'e9c4b1fe3ab2ad12cc0a3a1f9a4d4f9a5c1a2fbd7a8a5a1f5b2f3c1b5a7f3d10')
    .catch(() => undefined);
  await fetch(`${moto.url}/history/a/b/${file ?? ''}`, { method: 'PUT', body: 'forged' });
  await withHistory(join(out, 'four'), async (four) => {
    await rejects(bringIntoStep(four, bucket), 'RUN_UNREADABLE');
    assert.equal(await ids(four), []);
  });
});

check('a bucket that does not answer leaves the history whole', async () => {
  const gone = await openBucket(
    { bucket: 'history', prefix: '' },
    { AWS_ENDPOINT_URL_S3: 'http://127.40.0.9:9' },
  );
  await withHistory(join(out, 'five'), async (five) => {
    await five.append([batch('e', '2026-10-05')]);
    await rejects(bringIntoStep(five, gone), 'PROVIDER_TRANSIENT');
    assert.equal(await ids(five), ['e']);
  });
  gone.close();
});

test.run();
