/** Generalised extreme Studentised deviate test for outliers: small samples from a normal population only. */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** Statistics and critical values, in the order in which values were removed. */
export interface Gesd {
  readonly statistics: readonly number[];
  readonly critical: readonly number[];
  /** Indices into the data of the outliers, most extreme first. */
  readonly outliers: readonly number[];
}

/**
 * @param x more than `most` + 2 values, not all equal
 * @param most outliers looked for, at most
 * @param alpha P(an outlier is found among normal data)
 * @see Rosner 1983; NIST handbook 1.3.5.17.3; block `gesd_nist_rosner`
 */
export function gesd(x: readonly number[], most: number, alpha: number): Gesd {
  const left = x.map((value, index) => ({ value, index }));
  const statistics: number[] = [];
  const critical: number[] = [];
  const removed: number[] = [];
  let outliers = 0;
  for (let i = 1; i <= most; i += 1) {
    const values = left.map((one) => one.value);
    const centre = mean(values);
    const scale = sampleStandardDeviation(values);
    if (scale === 0) break;
    let worst = 0;
    for (const [at, value] of values.entries()) {
      if (Math.abs(value - centre) > Math.abs((values[worst] as number) - centre)) worst = at;
    }
    const statistic = Math.abs((values[worst] as number) - centre) / scale;
    const n = x.length - i + 1;
    const t = tQuantile(1 - alpha / (2 * n), n - 2);
    const lambda = ((n - 1) * t) / Math.sqrt((n - 2 + t * t) * n);
    statistics.push(statistic);
    critical.push(lambda);
    removed.push(left[worst]?.index as number);
    left.splice(worst, 1);
    if (statistic > lambda) outliers = i;
  }
  return { statistics, critical, outliers: removed.slice(0, outliers) };
}
