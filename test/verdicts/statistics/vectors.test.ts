/** Every block of fixtures/vectors/stats-vectors.json that concerns verdicts, at 1e-9 or its printed digits. */
import { readFileSync } from 'node:fs';
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import hypergeometricCdf from '@stdlib/stats-base-dists-hypergeometric-cdf';
import { median } from 'simple-statistics';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bcaAcceleration,
  bcaAdjustment,
  bcaInterval,
  quantileType1,
} from '../../../verdicts/statistics/bca.ts';
import { clopperPearson, upperLimit } from '../../../verdicts/statistics/clopper-pearson.ts';
import {
  earlyStoppingQueries,
  legacyQueries,
} from '../../../verdicts/statistics/early-stopping.ts';
import { gesd } from '../../../verdicts/statistics/gesd.ts';
import { lanDeMets, obrienFleming, pocock } from '../../../verdicts/statistics/group-sequential.ts';
import { madScale } from '../../../verdicts/statistics/mad-scale.ts';
import { lowerBoundRank, quantileInterval } from '../../../verdicts/statistics/median-interval.ts';
import {
  addRun,
  logEvidence,
  mixtureWord,
  startMixture,
} from '../../../verdicts/statistics/mixture-decision.ts';
import {
  adjustBenjaminiHochberg,
  adjustBenjaminiYekutieli,
  adjustBonferroni,
  adjustHolm,
} from '../../../verdicts/statistics/p-adjust.ts';
import { qnFactor, qnScale } from '../../../verdicts/statistics/qn-scale.ts';
import { snFactor, snScale } from '../../../verdicts/statistics/sn-scale.ts';
import {
  percentileGuidellm,
  percentileMlperf,
  percentileNearestRank,
  percentileType7,
} from '../../../verdicts/statistics/percentile.ts';
import {
  doublePlanAcceptance,
  findSamplingPlan,
  type DoublePlan,
} from '../../../verdicts/statistics/sampling-plan.ts';
import { bernoulliSprt } from '../../../verdicts/statistics/sprt.ts';
import { toleranceFactor } from '../../../verdicts/statistics/tolerance-factor.ts';
import { findVariablesPlan } from '../../../verdicts/statistics/variables-plan.ts';
import { wilksSampleSize } from '../../../verdicts/statistics/wilks.ts';

type Row = Record<string, number>;
const file = new URL('../../../fixtures/vectors/stats-vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8'));
const rows = (block: string): Row[] => vectors[block];

function near(actual: number | undefined, expected: number | undefined, tolerance = 1e-9) {
  assert.ok(actual !== undefined && expected !== undefined, 'both must be there');
  const error = Math.abs(actual - expected);
  assert.ok(
    error <= tolerance * Math.max(Math.abs(expected), 1e-300) || error < 1e-15,
    `${actual} is not ${expected}`,
  );
}

test('Wilks sample sizes', () => {
  for (const { coverage, confidence, order, n } of rows('wilks')) {
    assert.is(wilksSampleSize(coverage as number, confidence as number, order), n);
  }
});

test('median intervals, and none for five values or fewer', () => {
  for (const one of rows('median_ci_ranks_1based_two_sided')) {
    const interval = quantileInterval(one['n'] as number, one['conf'] as number);
    if (one['lower'] === null) assert.is(interval, undefined);
    else {
      assert.is(interval?.lower, one['lower']);
      assert.is(interval?.upper, one['upper']);
      near(interval?.coverage, one['coverage']);
    }
  }
});

test('lower bounds of quantiles', () => {
  for (const { n, conf, q, rank } of rows('quantile_lower_bound_rank_1based')) {
    assert.is(lowerBoundRank(n as number, conf as number, q) ?? null, rank);
  }
});

test('Clopper–Pearson limits', () => {
  for (const one of rows('clopper_pearson')) {
    const { x, n, conf } = one as { x: number; n: number; conf: number };
    const interval = clopperPearson(x, n, conf);
    near(interval.lower, one['lower']);
    near(interval.upper, one['upper']);
    near(upperLimit(x, n, conf), one['upper_one_sided']);
  }
});

test('normal tolerance factors by our noncentral t', () => {
  for (const { n, coverage, confidence, k } of rows('tolerance_k_one_sided_normal')) {
    near(toleranceFactor(n as number, coverage as number, confidence as number), k);
  }
});

test('hypergeometric probabilities of the library', () => {
  for (const { N, D, n, c, cdf } of rows('hypergeom_cdf')) {
    near(hypergeometricCdf(c as number, N as number, D as number, n as number), cdf);
  }
});

test('double sampling plans, with and without an end of the lot', () => {
  const block = vectors.oc_double_AcceptanceSampling;
  const plan: DoublePlan = { n: block.n, c: block.c, r: block.r };
  for (const [i, fraction] of (block.pd as number[]).entries()) {
    near(doublePlanAcceptance(plan, fraction), block.binomial[i], 1e-8);
    near(doublePlanAcceptance(plan, fraction, 1000), block.hypergeom_N1000[i], 1e-8);
  }
});

test('single sampling plans', () => {
  for (const one of rows('find_plan_hypergeom_AcceptanceSampling')) {
    const { N, p0, alpha, p1, beta } = one as Record<'N' | 'p0' | 'alpha' | 'p1' | 'beta', number>;
    const plan = findSamplingPlan(N, { accept: p0, alpha, reject: p1, beta });
    if (plan === 'census') throw new Error(`a census for ${N}`);
    assert.is(plan.n, one['n']);
    assert.is(plan.c, one['c']);
    near(plan.atAccept, one['pa_at_p0']);
    near(plan.atReject, one['pa_at_p1']);
  }
});

test('variables plans', () => {
  for (const one of vectors.find_plan_variables_AcceptanceSampling) {
    const risks = { accept: one.p0, alpha: one.alpha, reject: one.p1, beta: one.beta };
    const plan = findVariablesPlan(risks, one.sigma);
    assert.is(plan.n, one.n);
    // The reference's k of an unknown sigma is where its root finder stopped (tolerance 1e-4), ours is exact.
    near(plan.k, one.k, one.sigma === 'known' ? 1e-10 : 1e-5);
  }
});

test('generalised ESD finds three outliers in Rosner’s data', () => {
  const block = vectors.gesd_nist_rosner;
  const result = gesd(block.data, block.max_outliers, block.alpha);
  assert.is(result.outliers.length, block.n_outliers);
  for (const [i, statistic] of result.statistics.entries()) {
    assert.ok(Math.abs(statistic - block.R[i]) < 0.0015);
    assert.ok(Math.abs((result.critical[i] as number) - block.lam[i]) < 0.0015);
  }
});

test('robust scales', () => {
  for (const one of vectors.robust_scale_R) {
    near(median(one.x), one.median);
    near(madScale(one.x), one.mad);
    near(snScale(one.x), one.Sn);
    near(qnScale(one.x), one.Qn);
    const sorted = [...one.x].sort((a: number, b: number) => a - b);
    near(percentileType7(sorted, 0.75) - percentileType7(sorted, 0.25), one.iqr7);
  }
});

test('finite-sample factors of Sn and Qn', () => {
  const block = vectors.SnQn_finite_sample_factors_robustbase095;
  for (const [n, factor] of Object.entries(block.Sn)) near(snFactor(Number(n)), factor as number);
  for (const [n, factor] of Object.entries(block.Qn)) near(qnFactor(Number(n)), factor as number);
});

test('adjusted p values', () => {
  const block = vectors.p_adjust_R;
  const cases = [
    ['BH', adjustBenjaminiHochberg(block.p)],
    ['BY', adjustBenjaminiYekutieli(block.p)],
    ['holm', adjustHolm(block.p)],
  ] as const;
  for (const [name, adjusted] of cases) {
    for (const [i, p] of adjusted.entries()) near(p, block[name][i]);
  }
  const rejected = (p: readonly number[]) => p.filter((one) => one <= 0.05).length;
  assert.is(rejected(adjustBenjaminiHochberg(block.p)), block.reject_BH_05);
  assert.is(rejected(adjustBonferroni(block.p)), block.reject_bonferroni_05);
});

test('BCa of the spatial data', () => {
  const { x, theta, accel, published_ET1993: _published } = vectors.bca.spatial;
  const variance = (sample: readonly number[]) => {
    const mean = sample.reduce((sum, one) => sum + one, 0) / sample.length;
    return sample.reduce((sum, one) => sum + (one - mean) ** 2, 0) / sample.length;
  };
  near(variance(x), theta);
  near(bcaAcceleration(x, variance), accel);
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const interval = bcaInterval(x, variance, 0.9, random);
  // Published (115.8, 259.6); resampling moves the ends by a few units.
  assert.ok(interval !== undefined && Math.abs(interval[0] - 115.8) < 6);
  assert.ok(interval !== undefined && Math.abs(interval[1] - 259.6) < 10);
  assert.is(bcaInterval(x.slice(0, 7), variance, 0.9, random), undefined);
});

for (const name of ['exact5', 'exact6'] as const) {
  test(`BCa of all resamples of ${name}`, () => {
    const block = vectors.bca[name];
    const n = block.x.length;
    const tens = block.x.map((one: number) => Math.round(one * 10));
    const sums: number[] = [];
    for (let code = 0; code < n ** n; code += 1) {
      let sum = 0;
      for (let digit = 0, rest = code; digit < n; digit += 1, rest = Math.floor(rest / n)) {
        sum += tens[rest % n];
      }
      sums.push(sum);
    }
    sums.sort((a, b) => a - b);
    const own = tens.reduce((sum: number, one: number) => sum + one, 0);
    const less = sums.filter((one) => one < own).length;
    const equal = sums.filter((one) => one === own).length;
    assert.is(less, block.n_less);
    assert.is(equal, block.n_equal);
    const mean = (sample: readonly number[]) =>
      sample.reduce((sum, one) => sum + one, 0) / sample.length;
    const acceleration = bcaAcceleration(block.x, mean);
    near(acceleration, block.accel);
    for (const [kind, below] of [
      ['strict', less / block.B],
      ['half', (less + equal / 2) / block.B],
    ] as const) {
      const adjusted = bcaAdjustment(below, acceleration, block.conf);
      near(adjusted.z0, block[kind].z0);
      near(adjusted.shares[0], block[kind].adj[0]);
      near(adjusted.shares[1], block[kind].adj[1]);
      near(quantileType1(sums, adjusted.shares[0]) / n / 10, block[kind].ci_type1[0]);
      near(quantileType1(sums, adjusted.shares[1]) / n / 10, block[kind].ci_type1[1]);
    }
    const tail = (1 - block.conf) / 2;
    near(quantileType1(sums, tail) / n / 10, block.percentile_type1[0]);
    near(quantileType1(sums, 1 - tail) / n / 10, block.percentile_type1[1]);
  });
}

test('group-sequential boundaries', () => {
  const block = vectors.group_sequential_one_sided_0_025_rpact;
  for (const looks of [2, 3, 4, 5]) {
    near(pocock(looks, 0.025)[0], block.Pocock[looks], 3e-8);
    for (const [i, bound] of obrienFleming(looks, 0.025).entries()) {
      near(bound, block.OBF[looks][i], 3e-8);
    }
    for (const [i, bound] of lanDeMets(looks, 0.025).entries()) {
      near(bound, block.LanDeMetsOBF[looks][i], 3e-7);
    }
  }
});

test('Bernoulli SPRT', () => {
  for (const one of rows('sprt_bernoulli')) {
    const { p0, p1, alpha, beta } = one as Record<'p0' | 'p1' | 'alpha' | 'beta', number>;
    const lines = bernoulliSprt({ p0, p1, alpha, beta });
    near(lines.upper, one['A']);
    near(lines.lower, one['B']);
    near(lines.slope, one['slope']);
    near(lines.accept, one['h_accept']);
    near(lines.reject, one['h_reject']);
    near(lines.averageAt[0], one['asn_p0']);
    near(lines.averageAt[1], one['asn_p1']);
  }
});

test('MLPerf early stopping and the older query counts', () => {
  for (const { p, t, h_min: h, n_min: n } of rows('mlperf_early_stopping_c99_d0')) {
    const queries = earlyStoppingQueries(t as number, p as number, 0.99);
    assert.is(queries, n);
    assert.is(queries - (t as number), h);
  }
  for (const { p, n, rounded } of rows('mlperf_legacy_query_counts')) {
    assert.equal(legacyQueries(p as number), { n, rounded });
  }
});

test('percentiles by four tools', () => {
  const block = vectors.percentiles_1to10;
  for (const [name, p] of [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
  ] as const) {
    near(percentileType7(block.x, p), block[name].type7);
    assert.is(percentileNearestRank(block.x, p), block[name].nearest_rank);
    assert.is(percentileMlperf(block.x, p), block[name].mlperf_sorted_floor_np);
    assert.is(percentileGuidellm(block.x, p), block[name].guidellm_cdf_searchsorted);
  }
});

test('log evidences of the mixture decision after each run', () => {
  for (const one of vectors.mixture_decision) {
    const design = { d: one.d, alpha: one.alpha, beta: one.beta };
    const state = startMixture();
    let word: string | undefined;
    let n = 0;
    for (const [i, y] of (one.y as number[]).entries()) {
      addRun(state, y, design);
      n = i + 1;
      const { pass, fail } = logEvidence(state);
      near(pass, one.log_evidence_pass_fail[i][0]);
      near(fail, one.log_evidence_pass_fail[i][1]);
      word = mixtureWord(state, design);
      if (word !== undefined) break;
    }
    assert.is(word ?? 'inconclusive', one.verdict);
    assert.is(n, one.n);
  }
});

test('the library’s binomial agrees with the truth of STATISTICS 7', () => {
  near(binomialCdf(4, 180, 0.05), 0.0507493421, 1e-9);
});

test.run();
