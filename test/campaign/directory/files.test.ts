import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonical, canonicalFile } from '../../../campaign/directory/canonical.ts';
import { readJson, writeJson } from '../../../campaign/directory/json.ts';
import { lock } from '../../../campaign/directory/lock.ts';
import { cellsOf, ParquetSink, readParquet } from '../../../campaign/directory/parquet.ts';
import { openRun } from '../../../campaign/directory/reader.ts';
import { rejectedRows } from '../../../campaign/directory/rejected.ts';
import { planShape } from '../../../campaign/directory/shapes.ts';
import { findingTable, sampleTable } from '../../../campaign/directory/tables.ts';
import { createRun, reopenRun } from '../../../campaign/directory/writer.ts';
import { telemetryRows } from '../../../campaign/telemetry.ts';
import { fakeNode } from '../fake-fleet.ts';
import { fakePlan, metric } from '../fake-suite.ts';
import { rejects } from '../../rejects.ts';
import type { Sample } from '../../../suites/model.ts';
import type { Finding } from '../../../verdicts/model.ts';

const test = suite('run directory');
const folder = () => mkdtempSync(join(tmpdir(), 'assay-test-'));

test('canonical JSON sorts keys, rounds to digits, leaves absent fields out and refuses infinity', () => {
  assert.is(
    canonical({ b: 1, a: { d: undefined, c: [0.1 + 0.2] } }),
    '{"a":{"c":[0.30000000000000004]},"b":1}',
  );
  assert.is(canonical({ x: 0.1 + 0.2, y: 1 / 3 }, { digits: 12 }), '{"x":0.3,"y":0.333333333333}');
  assert.is(canonicalFile({ b: 1, a: 2 }), '{\n  "a": 2,\n  "b": 1\n}\n');
  assert.throws(() => canonical({ a: Number.POSITIVE_INFINITY }), /can't be written/u);
  assert.is(canonical(JSON.parse('{"__proto__":1,"a":2}')), '{"__proto__":1,"a":2}');
});

test('a plan comes back as it was written; truncated, malformed and newer files are named', async () => {
  const path = join(folder(), 'plan.json');
  await writeJson(path, fakePlan());
  assert.equal(await readJson(path, 'plan', 1, planShape), fakePlan());
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.slice(0, 200));
  assert.match(
    (await rejects(readJson(path, 'plan', 1, planShape), 'RUN_UNREADABLE')).message,
    /plan\.json is truncated/u,
  );
  writeFileSync(path, '');
  assert.match(
    (await rejects(readJson(path, 'plan', 1, planShape), 'RUN_UNREADABLE')).message,
    /plan\.json is empty/u,
  );
  writeFileSync(path, text.replace('assay/plan/1', 'assay/plan/2'));
  assert.match(
    (await rejects(readJson(path, 'plan', 1, planShape), 'RUN_SCHEMA_NEWER')).message,
    /assay\/plan\/2/u,
  );
  writeFileSync(path, text.replace('"seed": 7', '"seed": "7"'));
  assert.match(
    (await rejects(readJson(path, 'plan', 1, planShape), 'RUN_UNREADABLE')).message,
    /malformed at "seed"/u,
  );
  assert.match(
    (await rejects(openRun(join(folder(), 'none')), 'RUN_UNREADABLE')).message,
    /is not a run directory/u,
  );
});

const sample: Sample = {
  metric: 'fake.speed',
  subject: { kind: 'accelerator', node: 'n0001', accelerator: 'GPU-1' },
  parameters: { bytes: 8589934592, dtype: 'bf16', shape: '8192' },
  value: 123.456,
  iterations: { n: 20, min: 1, median: 2, max: 3 },
  tally: { over: 3, of: 400 },
  window: [1.5, 2.5],
  attempt: 'one@n0001#0/0',
  evidence: { stream: 'one@n0001#0/0/0.n0001.stdout', sha256: 'ab', line: 7 },
  origin: 'simulated',
};

test('subjects are spelled as canonical JSON; telemetry comes by node, part and field', () => {
  const odd = { kind: 'accelerator', node: 'n"1', accelerator: 'GPU-\\é' } as const;
  const place = sampleTable.columns.findIndex(({ name }) => name === 'subject');
  assert.is(cellsOf(sampleTable, { ...sample, subject: odd })[place], canonical(odd));
  const said = (field: string, value: number, accelerator?: string) =>
    ({
      kind: 'telemetry',
      node: 'n2',
      at: 0,
      field,
      value,
      ...(accelerator && { accelerator }),
    }) as const;
  const rows = telemetryRows('t/0', [
    said('power', 3, 'b'),
    said('power', 1, 'b'),
    said('clock', 7, 'b'),
    said('steal', 0),
    said('power', 8, 'b'),
    { ...said('power', 5, 'a'), node: 'n1' },
  ]);
  assert.equal(rows, [
    {
      attempt: 't/0',
      node: 'n1',
      field: 'power',
      n: 1,
      min: 5,
      median: 5,
      max: 5,
      accelerator: 'a',
    },
    { attempt: 't/0', node: 'n2', field: 'steal', n: 1, min: 0, median: 0, max: 0 },
    {
      attempt: 't/0',
      node: 'n2',
      field: 'clock',
      n: 1,
      min: 7,
      median: 7,
      max: 7,
      accelerator: 'b',
    },
    {
      attempt: 't/0',
      node: 'n2',
      field: 'power',
      n: 3,
      min: 1,
      median: 3,
      max: 8,
      accelerator: 'b',
    },
  ]);
});

test('samples and findings go through Parquet row group by row group, absent fields staying absent', async () => {
  const path = join(folder(), 'samples.parquet');
  const sink = await ParquetSink.open(path, sampleTable);
  const { iterations: _i, tally: _t, window: _w, ...bare } = sample;
  const count = 45_000;
  for (let at = 0; at < count; at += 1)
    await sink.write(at % 2 === 0 ? { ...sample, value: at } : bare);
  await sink.close();
  let at = 0;
  for await (const row of readParquet(path, sampleTable)) {
    if (at < 4) assert.equal(row, at % 2 === 0 ? { ...sample, value: at } : bare);
    at += 1;
  }
  assert.is(at, count);
  const findings: Finding[] = [
    {
      criterion: 'c',
      subject: { kind: 'lot' },
      verdict: 'not-tested',
      reason: 'none',
      attempts: [],
    },
    {
      criterion: 'c',
      subject: { kind: 'node', node: 'n0001' },
      verdict: 'pass',
      estimate: {
        value: 1,
        interval: [0.5, Number.POSITIVE_INFINITY],
        n: 5,
        evidence: { pass: 3, fail: -2 },
      },
      reason: 'fine',
      cause: 'thermal',
      attempts: ['a', 'b'],
    },
  ];
  const other = join(folder(), 'findings.parquet');
  const two = await ParquetSink.open(other, findingTable);
  for (const finding of findings) await two.write(finding);
  await two.close();
  const read: Finding[] = [];
  for await (const row of readParquet(other, findingTable)) read.push(row);
  assert.equal(read, findings);
  const none = join(folder(), 'none.parquet');
  await (await ParquetSink.open(none, findingTable)).close();
  for await (const row of readParquet(none, findingTable)) assert.unreachable(row.criterion);
  writeFileSync(other, readFileSync(other).subarray(0, 300));
  assert.match(
    (
      await rejects(
        (async () => {
          for await (const _ of readParquet(other, findingTable));
        })(),
        'RUN_UNREADABLE',
      )
    ).message,
    /findings\.parquet can't be read/u,
  );
});

test('one process writes a run at a time; a dead one does not stand in the way', async () => {
  const path = join(folder(), '.lock');
  const unlock = await lock(path);
  assert.match((await rejects(lock(path), 'RUN_UNREADABLE')).message, /being written by process/u);
  await unlock();
  writeFileSync(
    path,
    JSON.stringify({ pid: 2 ** 22 + 1, started: '1', host: (await import('node:os')).hostname() }),
  );
  await (
    await lock(path)
  )();
  writeFileSync(path, '');
  await (
    await lock(path)
  )();
});

test('a run is made once, and a sealed one is not taken up again', async () => {
  const out = folder();
  const now = () => new Date(0);
  const run = await createRun(out, 'run', fakePlan(), now);
  await run.close();
  assert.match(
    (await rejects(createRun(out, 'run', fakePlan(), now), 'RUN_UNREADABLE')).message,
    /is there already/u,
  );
  const again = await reopenRun(run.path, now);
  await again.seal('0', now());
  await again.close();
  assert.match((await rejects(reopenRun(run.path, now), 'RUN_SEALED')).message, /sealed/u);
});

test('a cell that a spreadsheet would run is defused, and quotes are doubled', () => {
  const finding: Finding = {
    criterion: 'speed',
    subject: { kind: 'node', node: 'n0001' },
    verdict: 'fail',
    reason: '=cmd|"x", y',
    attempts: ['a', 'b'],
  };
  const { name: _n, fabricAddress: _f, ...node } = fakeNode(0);
  const rows = rejectedRows({ nodes: [node], criteria: fakePlan().criteria, metrics: [metric] })(
    finding,
  );
  assert.equal(rows, [
    `n0001,serial:SN-1,SN-1,,speed,fake.speed,,at-least,100,B/s,"'=cmd|""x"", y",a b`,
  ]);
});

test.run();
