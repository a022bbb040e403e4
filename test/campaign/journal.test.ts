import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal, readJournal } from '../../campaign/journal.ts';
import { rejects } from '../rejects.ts';

const test = suite('journal');
const now = () => new Date(0);

async function filled(count: number): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'assay-test-')), 'journal.ndjson');
  const journal = await Journal.open(path, now);
  await Promise.all(
    Array.from({ length: count }, (_, at) => journal.append({ event: 'intent', record: { at } })),
  );
  await journal.close();
  return path;
}

async function read(path: string): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of readJournal(path)) events.push(event);
  return events;
}

test('events are numbered and come back in order', async () => {
  const path = await filled(100);
  const events = await read(path);
  assert.is(events.length, 100);
  assert.equal(events[99], {
    seq: 99,
    at: '1970-01-01T00:00:00.000Z',
    event: 'intent',
    record: { at: 99 },
  });
});

test('a torn last line is left out by readers and cut off when the run goes on', async () => {
  const path = await filled(3);
  appendFileSync(path, '{"seq":3,"at":"19');
  assert.is((await read(path)).length, 3);
  const journal = await Journal.open(path, now);
  await journal.commit({ event: 'intent', record: { after: true } });
  await journal.close();
  const events = await read(path);
  assert.is(events.length, 4);
  assert.is((events[3] as { seq: number }).seq, 3);
});

test('a broken line in the middle, and one that is missing, are named', async () => {
  const path = await filled(3);
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, [lines[0], '{"seq":1,', lines[2], ''].join('\n'));
  assert.match((await rejects(read(path), 'RUN_UNREADABLE')).message, /line 2 is not JSON/u);
  const journal = await Journal.open(path, now);
  assert.is(journal.written, 2, 'who goes on looks at the last line alone');
  await journal.close();
  writeFileSync(path, [lines[0], '{"seq":1,', ''].join('\n'));
  assert.match((await rejects(Journal.open(path, now), 'RUN_UNREADABLE')).message, /last line/u);
  writeFileSync(path, [lines[0], lines[2], ''].join('\n'));
  assert.match(
    (await rejects(read(path), 'RUN_UNREADABLE')).message,
    /line 2 is not event number 1/u,
  );
});

test.run();
