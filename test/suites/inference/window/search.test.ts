import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stream } from '../../../../plan/random.ts';
import {
  searchState,
  type Probe,
  type SearchPlan,
} from '../../../../suites/inference/window/search.ts';

const PLAN: SearchPlan = { from: 1, to: 10_000, share: 0.99, within: 0.06, most: 40 };
const WINDOW = 800;

/** A server whose share of bad requests rises from 0.1 % to all around its edge. */
function server(edge: number, seed: number, steep = 60) {
  const random = stream(seed, 'server');
  return (rate: number): Probe => {
    const bad = 0.001 + 0.999 / (1 + Math.exp(-steep * (rate / edge - 1) + 4.5));
    const over = Array.from({ length: WINDOW }, () => random() < bad).filter(Boolean).length;
    return { rate, over, of: WINDOW, saturated: rate > 1.3 * edge };
  };
}

function searched(probe: (rate: number) => Probe, plan = PLAN) {
  const probes: Probe[] = [];
  for (;;) {
    const state = searchState(plan, probes);
    if (!('next' in state)) return { state, probes };
    probes.push(probe(state.next));
  }
}

/** Where exactly 1 % is bad. */
function edgeOf(edge: number, steep = 60) {
  return edge * (1 + (4.5 - Math.log(0.999 / 0.009 - 1)) / steep);
}

test('a search ends in an interval of the asked width that holds the true rate', () => {
  let held = 0;
  for (let seed = 0; seed < 60; seed += 1) {
    const { state } = searched(server(300, seed));
    if (!('found' in state)) continue;
    const { low, high, rate } = state.found;
    assert.ok(high / low <= 1.06 ** 2 + 1e-12);
    assert.ok(rate > low && rate < high);
    if (low <= edgeOf(300) && edgeOf(300) <= high) held += 1;
  }
  assert.ok(held >= 55, `${held} of 60`);
});

test('two searches of one server overlap', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const [one, other] = [
      searched(server(47, seed)).state,
      searched(server(47, seed + 1000)).state,
    ];
    if (!('found' in one) || !('found' in other)) continue;
    assert.ok(one.found.low <= other.found.high && other.found.low <= one.found.high);
  }
});

test('a search goes down too, and says where it stays open', () => {
  const down = searched(server(3, 1), { ...PLAN, from: 100 }).state;
  assert.ok('found' in down && down.found.low < 3.2 && down.found.high > 2.5);
  const top = searched((rate) => ({ rate, over: 0, of: WINDOW, saturated: false }), {
    ...PLAN,
    to: 50,
  }).state;
  assert.match('open' in top ? top.open : '', /every rate up to 50 requests\/s holds/u);
  const short = searched(server(300, 1), { ...PLAN, most: 6 }).state;
  assert.match('open' in short ? short.open : '', /after 6 windows/u);
});

test('a saturated window fails its rate, whatever it counts', () => {
  const state = searchState(PLAN, [{ rate: 1, over: 0, of: WINDOW, saturated: true }]);
  assert.equal(state, { next: 0.5 });
});

test('too few requests show nothing: the window is repeated', () => {
  const state = searchState(PLAN, [{ rate: 1, over: 0, of: 100, saturated: false }]);
  assert.equal(state, { next: 1 });
});

test.run();
