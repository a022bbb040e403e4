import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EvidenceReader } from '../../../campaign/evidence/reader.ts';
import { EvidenceWriter, STREAM_LIMIT } from '../../../campaign/evidence/writer.ts';
import { stream } from '../../../plan/random.ts';
import { rejects } from '../../rejects.ts';

const test = suite('evidence segments');

function name(at: number) {
  const attempt = `case@n${at}#0/0`;
  return {
    key: `${attempt}/0.n${at}.stdout`,
    attempt,
    step: 0,
    suite: 'fake',
    node: `n${at}`,
    rank: 0,
    stream: 'stdout' as const,
  };
}

async function bytesOf(reader: EvidenceReader, entry: Parameters<EvidenceReader['bytes']>[0]) {
  const parts: Uint8Array[] = [];
  for (const part of reader.bytes(entry)) parts.push(part);
  return Buffer.concat(parts);
}

test('thousands of streams, short and long, are a few files and come back byte for byte', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'assay-test-')), 'evidence');
  const writer = await EvidenceWriter.open(folder);
  const random = stream(4, 'evidence');
  const expected = new Map<string, Buffer>();
  const closing = Array.from({ length: 2000 }, async (_, at) => {
    const length = at % 500 === 0 ? 300_000 : Math.floor(random() * 900);
    const bytes = Buffer.from(Uint8Array.from({ length }, () => 97 + Math.floor(random() * 20)));
    const one = writer.stream(name(at));
    expected.set(name(at).key, bytes);
    for (let from = 0; from < length; from += 50_000) {
      await one.write(bytes.subarray(from, from + 50_000));
    }
    return one.close({ lines: 1, redactions: 0 });
  });
  await Promise.all(closing);
  await writer.close();
  assert.equal(readdirSync(folder).sort(), ['000001.seg', 'index.ndjson']);
  const reader = new EvidenceReader(folder);
  let count = 0;
  for await (const entry of reader.streams()) {
    count += 1;
    const bytes = await bytesOf(reader, entry);
    assert.ok(bytes.equals(expected.get(entry.key) ?? Buffer.alloc(1)), entry.key);
    assert.is(entry.sha256, createHash('sha256').update(bytes).digest('hex'));
  }
  assert.is(count, 2000);
  await reader.close();
});

test('past the limit of a stream nothing is kept and what is cut is counted', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'assay-test-')), 'evidence');
  const writer = await EvidenceWriter.open(folder);
  const one = writer.stream(name(1));
  const chunk = Buffer.alloc(16 * 1024 * 1024, 120);
  let kept = 0;
  for (let at = 0; at < 6; at += 1) kept += (await one.write(chunk)).length;
  assert.is(kept, STREAM_LIMIT);
  const entry = await one.close({ lines: 1, redactions: 0 });
  assert.equal([entry.bytes, entry.cut], [STREAM_LIMIT, 2 * chunk.length]);
  await writer.close();
});

test('after a crash a torn entry is cut off and a new segment is begun', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'assay-test-')), 'evidence');
  const first = await EvidenceWriter.open(folder);
  const one = first.stream(name(1));
  await one.write(Buffer.from('one\n'));
  await one.close({ lines: 1, redactions: 0 });
  await first.close();
  appendFileSync(join(folder, '000001.seg'), 'half a block');
  appendFileSync(join(folder, 'index.ndjson'), '{"key":"torn');
  const second = await EvidenceWriter.open(folder);
  const two = second.stream(name(2));
  await two.write(Buffer.from('two\n'));
  await two.close({ lines: 1, redactions: 0 });
  await second.close();
  const reader = new EvidenceReader(folder);
  const texts: string[] = [];
  for await (const entry of reader.streams()) {
    texts.push(`${entry.blocks[0]?.segment} ${(await bytesOf(reader, entry)).toString()}`);
  }
  await reader.close();
  assert.equal(texts, ['000001.seg one\n', '000002.seg two\n']);
});

test('bytes that are not those that were measured are named, and so is a missing segment', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'assay-test-')), 'evidence');
  const writer = await EvidenceWriter.open(folder);
  const one = writer.stream(name(1));
  await one.write(Buffer.from('measured\n'));
  const entry = await one.close({ lines: 1, redactions: 0 });
  await writer.close();
  const path = join(folder, '000001.seg');
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3);
  writeFileSync(path, bytes);
  const reader = new EvidenceReader(folder);
  assert.match(
    (await rejects(bytesOf(reader, entry), 'EVIDENCE_HASH_MISMATCH')).message,
    /n1\.stdout/u,
  );
  const gone = { ...entry, blocks: [{ ...entry.blocks[0]!, segment: '000009.seg' }] };
  assert.match((await rejects(bytesOf(reader, gone), 'EVIDENCE_MISSING')).message, /000009\.seg/u);
  const outside = { ...entry, blocks: [{ ...entry.blocks[0]!, segment: '../x' }] };
  assert.match(
    (await rejects(bytesOf(reader, outside), 'EVIDENCE_MISSING')).message,
    /is no segment/u,
  );
  await reader.close();
});

test.run();
