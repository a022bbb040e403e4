/**
 * Numbers as they are shown: the only place of the reports that rounds. A value is rounded towards
 * its worse side, and gets more digits until it stands on the same side of the shown limit as the
 * real value does: 699.96 against 700 is never "700.0".
 */
import type { Criterion } from '../plan/model.ts';
import type { Metric } from '../suites/model.ts';

/** Figures past this many decimals are noise of the arithmetic. */
const MOST_DIGITS = 12;

/** Shown for a figure that is absent. */
export const NONE = '–';

/** A limit as far as showing values against it goes. */
export type Against = Pick<Criterion, 'bound'> & { readonly limit: number };

/** How a metric is shown; a check or an unknown metric as a bare number. */
export type Display = Metric['display'];

const BARE: Display = { unit: '', factor: 1, digits: 3 };

/** Display of a metric by id. */
export function displayOf(metrics: readonly Metric[], id: string): Display {
  return metrics.find((metric) => metric.id === id)?.display ?? BARE;
}

/** Prefixes that a shown unit steps down by, each a thousand. */
const PREFIXES = ['P', 'T', 'G', 'M', 'k'] as const;

/**
 * Display of a criterion's figures: the metric's, with a smaller prefix where its limit would be a
 * small fraction (0.0005 TFLOP/s is 0.5 GFLOP/s).
 */
export function displayBeside(metrics: readonly Metric[], criterion: Criterion): Display {
  let display = displayOf(metrics, criterion.metric);
  let place = PREFIXES.findIndex(
    (one) => display.unit.startsWith(one) && /[BF]/u.test(display.unit),
  );
  const size = () => Math.abs(criterion.limit.value * display.factor);
  while (place >= 0 && place < PREFIXES.length - 1 && size() > 0 && size() < 0.1) {
    place += 1;
    const unit = `${PREFIXES[place] ?? ''}${display.unit.slice(1)}`;
    display = { ...display, unit, factor: display.factor * 1000 };
  }
  return display;
}

/** A number rounded down, up or to nearest at a number of decimals, free of binary noise. */
function rounded(value: number, digits: number, way: 'down' | 'up' | 'nearest'): number {
  const scale = 10 ** digits;
  const scaled = Number((value * scale).toPrecision(MOST_DIGITS));
  const whole =
    way === 'down' ? Math.floor(scaled) : way === 'up' ? Math.ceil(scaled) : Math.round(scaled);
  return whole === 0 ? 0 : whole / scale;
}

/** The limit exactly as it was written: as many decimals as it has. */
export function showLimit(limit: number, display: Display): string {
  return plain(Number((limit * display.factor).toPrecision(MOST_DIGITS)));
}

/**
 * A value beside its limit, without unit.
 *
 * @param value in Metric.unit
 * @param against the limit, in Metric.unit; absent: rounded to nearest
 * @param way overrides the direction, for the far end of an interval
 */
export function showValue(
  value: number,
  display: Display,
  against?: Against,
  way?: 'down' | 'up',
): string {
  if (!Number.isFinite(value)) return NONE;
  const shown = value * display.factor;
  const worse = against === undefined ? 'nearest' : against.bound === 'at-least' ? 'down' : 'up';
  for (let digits = display.digits; digits <= MOST_DIGITS; digits += 1) {
    const figure = rounded(shown, digits, way ?? worse);
    // A small figure keeps three significant digits.
    const vanished =
      value !== 0 && Math.abs(figure) * 10 ** digits < Math.min(100, Math.abs(shown) * 1e12);
    if (!vanished && sameSide(value, figure, display, against)) return figure.toFixed(digits);
  }
  return plain(shown);
}

/** Whether the shown figure stands to the shown limit as the value does to the limit. */
function sameSide(value: number, figure: number, display: Display, against?: Against): boolean {
  if (against === undefined) return true;
  const limit = Number(showLimit(against.limit, display));
  return (
    conforms(value, against) === conforms(figure, { bound: against.bound, limit }) ||
    // The value differs from the limit by less than twelve digits can say.
    Number((value * display.factor).toPrecision(MOST_DIGITS)) === limit
  );
}

/** Whether a value is on the conforming side of its limit; the limit itself conforms. */
export function conforms(value: number, against: Against): boolean {
  return against.bound === 'at-least' ? value >= against.limit : value <= against.limit;
}

/** An interval, both ends rounded outwards: it never looks tighter than it is. */
export function showInterval(
  interval: readonly [low: number, high: number],
  display: Display,
  against?: Against,
): string {
  const [low, high] = interval;
  return `${showValue(low, display, against, 'down')} to ${showValue(high, display, against, 'up')}`;
}

/** Distance from the limit as a share of it, good side positive; beside a limit of 0 without bound. */
export function marginOf(value: number, against: Against): number {
  if (against.limit === 0) return conforms(value, against) ? Infinity : -Infinity;
  const share = (value - against.limit) / Math.abs(against.limit);
  return against.bound === 'at-least' ? share : -share;
}

/** A margin in percent with its sign, rounded towards worse: −0.04 % is never "0.0 %". */
export function showMargin(margin: number): string {
  if (!Number.isFinite(margin)) return NONE;
  const percent = margin * 100;
  // A margin that is not zero never shows as zero: as many decimals as that takes.
  const digits = [1, 2, 3, 4, 5].find((count) => rounded(percent, count, 'down') !== 0) ?? 1;
  const figure = rounded(percent, digits, 'down');
  const sign = figure > 0 ? '+' : figure < 0 ? '−' : '±';
  return `${sign}${Math.abs(figure).toFixed(digits)} %`;
}

/** A count with thousands set apart by commas, the same in every locale. */
export function showCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+(?!\d))/gu, ',');
}

/** A probability: plain down to 0.0001, then as a power of ten. */
export function showRisk(risk: number): string {
  if (risk === 0 || risk >= 1e-4) return plain(Number(risk.toPrecision(3)));
  const [figure, power = ''] = risk.toExponential(1).split('e-');
  return `${figure} × 10⁻${power.replace(/\d/gu, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit)))}`;
}

/** Seconds in the unit a person would say: 8.2 s, 12 min, 3.4 h. */
export function showSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Bytes with a binary prefix where that is exact, else the bytes. */
export function showBytes(bytes: number): string {
  const prefixes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let figure = bytes;
  let step = 0;
  while (figure >= 1024 && figure % 1024 === 0 && step < prefixes.length - 1) {
    figure /= 1024;
    step += 1;
  }
  return `${figure} ${prefixes[step] ?? 'B'}`;
}

/** A number as JavaScript writes it, without an exponent where it can be. */
function plain(value: number): string {
  return Math.abs(value) < 1e-6 || Math.abs(value) >= 1e15
    ? String(value)
    : value.toFixed(MOST_DIGITS).replace(/\.?0+$/u, '');
}
