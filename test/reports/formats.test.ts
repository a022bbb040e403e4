import { parse } from 'csv-parse/sync';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reports } from '../../reports/registry.ts';
import { rendered } from './rendered.ts';
import { RUNS, sampleRun } from './sample-run.ts';

const only = async (id: string, name: keyof typeof RUNS, options = {}) => {
  const [text = ''] = (await rendered(id, sampleRun(RUNS[name]), options)).values();
  return text;
};

test('each registry line loads the report of its name', async () => {
  for (const entry of reports) assert.is((await entry.use()).id, entry.id);
});

test('junit: well formed for every run, counts as the verdict, nothing undecided is skipped', async () => {
  for (const name of ['healthy', 'mixed', 'hostile', 'reference'] as const) {
    const text = await only('junit', name);
    assert.is(XMLValidator.validate(text), true, name);
  }
  const suites = new XMLParser({ ignoreAttributes: false }).parse(
    await only('junit', 'mixed'),
  ).testsuites;
  assert.is(Number(suites['@_failures']), 4, 'the lot, two slow parts, one wrong');
  assert.is(Number(suites['@_errors']), 26, 'one undecided, 25 untested where mandatory');
  assert.is(Number(suites['@_skipped']), 1, 'one untested where not mandatory');
  const healthy = new XMLParser({ ignoreAttributes: false }).parse(
    await only('junit', 'healthy'),
  ).testsuites;
  assert.is(Number(healthy['@_failures']) + Number(healthy['@_errors']), 0);
});

test('markdown: the origin first, the verdict next, hostile text as text', async () => {
  const text = await only('markdown', 'mixed');
  assert.match(
    text,
    /^\*\*Hardware\.\*\* Measured on the delivered hardware\.\n\n# ✕ Rejected: MSA-2025-114/u,
  );
  assert.match(text, '| bf16-sustained | Annex B 3.2 | ≥ 700 TFLOP/s | 641.2 TFLOP/s \\(n0007');
  const hostile = await only('markdown', 'hostile');
  assert.not.match(hostile, /<script|<img|\u202e|[^\\]\[a\]|\n# head/u);
});

test('a slice that is lost whole is named with the node that it is lost by, and those that go with it', async () => {
  const run = sampleRun(RUNS.mixed);
  const lost = [{ unit: 'slice z/<b>', by: ['n0007'], with: ['n0005', 'n0006', 'n0008'] }];
  const slices =
    run.verdict === undefined
      ? run
      : { ...run, verdict: { ...run.verdict, lot: { ...run.verdict.lot, lost } } };
  const texts = async (id: string) => [...(await rendered(id, slices)).values()].join('');
  const markdown = await texts('markdown');
  assert.match(markdown, 'is lost whole, by n0007; with it go n0005, n0006, n0008 \\(3 nodes\\).');
  const html = await texts('html');
  assert.match(
    html,
    /slice z\/&lt;b&gt;<\/bdi><\/strong> \(4 nodes\), by <a href="#[^"]+"><bdi>n0007/u,
  );
  assert.not.match(await only('html', 'mixed'), 'lost whole');
});

test('csv: RFC 4180, no formula, one row a finding or a sample', async () => {
  const findings = parse<Record<string, string>>(await only('csv', 'hostile'), {
    columns: true,
  });
  assert.is(findings.length, 24);
  assert.ok(findings.every((row) => row['origin'] === 'stand-in'));
  const samples = parse<Record<string, string>>(await only('csv', 'golden', { rows: 'samples' }), {
    columns: true,
  });
  assert.is(samples.length, 90);
  assert.match(samples[0]?.['sha256'] ?? '', /^[0-9a-f]{64}$/u);
  assert.is(samples[0]?.['unit'], 'FLOP/s');
});

test.run();
