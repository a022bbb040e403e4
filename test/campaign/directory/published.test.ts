import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { published, publishedSchema } from '../../../campaign/directory/published.ts';
import { RUNS, sampleRun } from '../../reports/sample-run.ts';

const test = suite('published schemas');

/** As it comes from a file: fields that are undefined are not there. */
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('a verdict fits its published schema, field by field', () => {
  for (const spec of [RUNS.healthy, RUNS.golden, RUNS.mixed]) {
    const run = sampleRun(spec);
    assert.ok(published.verdict.safeParse(stored(run.verdict)).success);
  }
});

test('a field more, a word that is none and a missing field are refused', () => {
  const verdict = stored(sampleRun(RUNS.golden).verdict) as Record<string, unknown>;
  assert.not(published.verdict.safeParse({ ...verdict, extra: 1 }).success);
  assert.not(published.verdict.safeParse({ ...verdict, origin: 'gpu' }).success);
  const { lot: _lot, ...without } = verdict;
  assert.not(published.verdict.safeParse(without).success);
});

test('each is a JSON Schema with the id that its file carries', () => {
  for (const name of ['verdict', 'fleet', 'private', 'manifest'] as const) {
    const schema = publishedSchema(name) as { $id: string; type: string };
    assert.is(schema.$id, `assay/${name}/1`);
    assert.is(schema.type, 'object');
  }
});

test.run();
