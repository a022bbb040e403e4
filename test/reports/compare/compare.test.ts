import { parseHTML } from 'linkedom';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareRuns } from '../../../reports/compare/compare.ts';
import { comparedRun } from '../../../reports/compare/gather.ts';
import type { ComparedRun, Measured } from '../../../reports/compare/model.ts';
import { comparisonPage } from '../../../reports/compare/page.ts';
import { compareUnits } from '../../../verdicts/compare/compare-units.ts';
import { RUNS, sampleRun } from '../sample-run.ts';

const test = suite('comparison of runs');

const sample = (name: keyof typeof RUNS, id: string) =>
  comparedRun({ ...sampleRun(RUNS[name]), id });

/** A run with every measured value times a factor, under other parameters where given. */
function altered(
  run: ComparedRun,
  factor: number,
  change: (one: Measured) => Measured = (one) => one,
) {
  const measured = new Map(
    [...run.measured].map(([key, one]) => {
      const units = one.units.map(({ id, parts }) => ({
        id,
        parts: parts.map((part) => ({ ...part, values: part.values.map((each) => each * factor) })),
      }));
      const made = change({ ...one, units });
      const same = JSON.stringify(made.parameters) === JSON.stringify(one.parameters);
      return [same ? key : `${key} changed`, made] as const;
    }),
  );
  return { ...run, id: 'other', measured };
}

test('the same machines, 3 % faster, are 3 % faster', async () => {
  const first = await sample('healthy', 'first');
  const { compared, refused } = compareRuns([first, altered(first, 1.03)], compareUnits);
  assert.ok(compared.length >= 3);
  assert.equal(refused, []);
  for (const { effect, word } of compared) {
    assert.is(effect.level, 'unit');
    assert.is(effect.method, 'paired');
    assert.ok(Math.abs(effect.value - 1.03) < 1e-9);
    assert.is(word, 'better');
  }
});

test('other parameters, another profile and another origin are refused by name', async () => {
  const first = await sample('healthy', 'first');
  const other = altered(first, 1, (one) => ({
    ...one,
    parameters: { ...one.parameters, profile: 'gcp-tcpxo' },
  }));
  const { compared, refused } = compareRuns([first, other], compareUnits);
  assert.is(compared.length, 0);
  assert.ok(refused.length > 0);
  for (const { why } of refused) {
    assert.is(
      why,
      'profile absent in first, gcp-tcpxo in other: differing profiles are never pooled',
    );
  }
  const simulated = compareRuns(
    [first, { ...altered(first, 1), origin: 'simulated' }],
    compareUnits,
  );
  assert.is(simulated.compared.length, 0);
  assert.match(simulated.refused[0]?.why ?? '', /"Hardware", other of "Simulated"/u);
});

test('a dearer fleet gives less for the same money; two currencies give no figure', async () => {
  const first = await sample('healthy', 'first');
  const price = { perNodeHour: 30, currency: 'USD' };
  const priced = { ...first, price };
  const dearer = { ...altered(first, 1.1), price: { ...price, perNodeHour: 33 } };
  const [one] = compareRuns([priced, dearer], compareUnits).compared;
  assert.ok(Math.abs((one?.perCost?.value ?? 0) - 1) < 1e-9);
  const foreign = { ...dearer, price: { ...price, currency: 'EUR' } };
  assert.is(compareRuns([priced, foreign], compareUnits).compared[0]?.perCost, undefined);
});

test('a hostile run is text on the page, and the page loads nothing', async () => {
  const first = await sample('hostile', 'first <script>1</script>');
  const page = comparisonPage(compareRuns([first, altered(first, 1.01)], compareUnits));
  const { document } = parseHTML(page);
  assert.is(document.querySelectorAll('script, img, iframe, link').length, 0);
  for (const raw of ['<script>globalThis', '<img src=x', '\u001b', '\u202e']) {
    assert.not.ok(page.includes(raw), JSON.stringify(raw));
  }
  assert.ok(document.querySelectorAll('svg[role=img] desc').length > 0);
});

test('the same comparison gives the same bytes', async () => {
  const first = await sample('mixed', 'first');
  const make = () => comparisonPage(compareRuns([first, altered(first, 0.98)], compareUnits));
  assert.is(make(), make());
});

test.run();
