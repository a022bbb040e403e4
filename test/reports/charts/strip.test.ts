import { parseHTML } from 'linkedom';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { strip, type Strip } from '../../../reports/charts/strip.ts';

const values = (count: number) =>
  Float64Array.from({ length: count }, (_, at) => 735 + ((at * 7919) % 997) / 60).sort();
const chart = (change: Partial<Strip>): Strip => ({
  id: 'chart-1',
  title: 'Throughput',
  description: '64 accelerators conform.',
  values: values(64),
  marked: [],
  label: 'TFLOP/s',
  counted: 'accelerators',
  limit: { value: 700, label: 'limit ≥ 700 TFLOP/s · Annex B 3.2' },
  ...change,
});

test('a dot a subject up to some hundred, bins above: the drawing stays small', () => {
  assert.is(strip(chart({})).match(/<circle/gu)?.length, 64);
  const large = strip(chart({ values: values(80_000) }));
  assert.not.match(large, /<circle/u);
  assert.ok(large.length < 12_000, `${large.length} characters`);
});

test('the same data gives the same bytes', () => {
  assert.is(strip(chart({})), strip(chart({})));
});

test('what failed is another shape than what is undecided, and the first are named', () => {
  const svg = strip(
    chart({
      marked: [
        { value: 641, name: 'n0007', fail: true },
        { value: 699, name: 'n0012', fail: false },
      ],
    }),
  );
  assert.match(svg, 'var(--bad)');
  assert.match(svg, 'var(--doubt)');
  assert.match(svg, 'n0007');
  assert.match(svg, 'limit ≥ 700 TFLOP/s · Annex B 3.2');
});

test('coordinates are shortened, a figure in a text never is', () => {
  const label = 'limit ≥ 0.000512 TFLOP/s';
  const svg = strip(
    chart({ values: Float64Array.of(0.00051, 0.00061), limit: { value: 0.000512, label } }),
  );
  assert.match(svg, `>${label}<`);
  assert.match(svg, />0\.0005\d*</u);
  assert.not.match(svg, /(?:cx|cy|d|transform)="[^"]*\.\d{3}/u);
});

test('hostile labels are text in it', () => {
  const label = '</text></svg><script>x</script>&"';
  const svg = strip(
    chart({ title: label, description: label, label, limit: { value: 700, label } }),
  );
  assert.not.match(svg, /<script/u);
  const { document } = parseHTML(`<html><body>${svg}</body></html>`);
  assert.is(document.querySelectorAll('script').length, 0);
  assert.is(document.querySelector('title')?.textContent, label);
});

test('one value, equal values, a far limit and no value are drawn', () => {
  for (const change of [
    { values: Float64Array.of(700) },
    { values: new Float64Array(500).fill(5) },
    { values: Float64Array.of(1, 2), limit: { value: 5000, label: 'limit' } },
    { values: Float64Array.of(0, -1, 1) },
    { values: new Float64Array(0), marked: [{ value: 1, name: 'n0001', fail: true }] },
  ]) {
    assert.not.match(strip(chart(change)), /NaN|Infinity|undefined/u);
  }
});

test.run();
