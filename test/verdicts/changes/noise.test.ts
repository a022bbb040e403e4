/** Spread, autocorrelation and tail are measured, and a shift does not count as noise. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Noise, uniformOf, type Kind } from '../../../bench/nightly/noise.ts';
import { fleetSpread } from '../../../verdicts/changes/fleet-rules.ts';
import { medianInPlace, select } from '../../../verdicts/changes/median.ts';
import {
  addDifferences,
  inflation,
  keepResidual,
  lowerTail,
  spreadOf,
} from '../../../verdicts/changes/noise.ts';
import { emptyNoise, emptyTracks } from '../../../verdicts/changes/state.ts';

const TRACKS = 200;
const NIGHTS = 60;

function measured(kind: Kind, shift = 0) {
  const noise = new Noise(kind, TRACKS, uniformOf(1, 'test', kind));
  const state = emptyNoise();
  const tracks = emptyTracks(TRACKS);
  for (let night = 0; night < NIGHTS; night += 1) {
    noise.step();
    const x = noise.now.map(
      (one, at) => 5 + 0.01 * one - (at < TRACKS / 10 && night >= 30 ? shift : 0),
    );
    addDifferences(state, tracks, x, 0.06);
    for (const one of noise.now.subarray(0, 40)) keepResidual(state, one);
  }
  state.tail = lowerTail(state);
  return spreadOf(state);
}

const near = (actual: number, expected: number, within: number) => {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);
};

test('autocorrelation and spread of iid, AR .3 and AR .6 nights', () => {
  for (const [kind, rho] of [
    ['iid', 0],
    ['AR .3', 0.3],
    ['AR .6', 0.6],
  ] as const) {
    const spread = measured(kind);
    near(spread.rho, rho, 0.04);
    near(spread.sigma, 0.01, 0.0005);
    near(spread.tail, 1, 0.12);
  }
});

test('a shift of one track in ten by 5 sigma does not count', () => {
  const spread = measured('iid', 0.05);
  near(spread.sigma, 0.01, 0.0005);
  assert.ok(spread.rho < 0.1);
});

test('a heavy lower tail is seen', () => {
  assert.ok(measured('skewed').tail > 1.2);
});

test('autocorrelation widens from 0.2 on', () => {
  assert.is(inflation(0.2), 1);
  near(inflation(0.6), 2, 1e-12);
});

test('one fleet series: a step in it leaves its spread and autocorrelation as they are', () => {
  const noise = new Noise('iid', 1, uniformOf(1, 'test', 'fleet'));
  const values = Array.from({ length: 120 }, (_, night) => {
    noise.step();
    return 0.01 * (noise.now[0] as number) - (night >= 60 ? 0.05 : 0);
  });
  const spread = fleetSpread(values);
  near(spread.sigma, 0.01, 0.002);
  assert.ok(spread.rho < 0.2);
});

test('nothing known yet: nothing can be low; what is known before the first night counts', () => {
  assert.is(spreadOf(emptyNoise()).sigma, Infinity);
  near(spreadOf(emptyNoise(), { sigma: 0.004, degrees: 30 }).sigma, 0.004, 1e-12);
});

test('selection and medians agree with sorting', () => {
  const uniform = uniformOf(1, 'test', 'median');
  for (let size = 1; size < 40; size += 1) {
    // With ties.
    const values = Float64Array.from({ length: size }, () => Math.floor(10 * uniform()));
    const sorted = Float64Array.from(values).sort();
    for (let rank = 0; rank < size; rank += 1) {
      assert.is(select(Float64Array.from(values), size, rank), sorted[rank]);
    }
    const half = size >> 1;
    const median =
      size % 2 === 1 ? sorted[half] : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
    assert.is(medianInPlace(Float64Array.from(values), size), median);
  }
  assert.ok(Number.isNaN(medianInPlace(new Float64Array(0), 0)));
});

test.run();
