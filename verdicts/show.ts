/** Values in the unit that people read, for the sentences of a verdict. */
import type { Criterion, Subject } from '../plan/model.ts';
import type { Metric } from '../suites/model.ts';

const PLAIN = { unit: '', factor: 1, digits: 3 };

/** `712.30 TFLOP/s`; at least two digits of a small value. A metric that isn't declared is shown as it is stored. */
export function show(value: number, metric: Metric | undefined, digits?: number): string {
  const display = metric?.display ?? PLAIN;
  const shown = value * display.factor;
  const small =
    shown === 0 || !Number.isFinite(shown) ? 0 : 1 - Math.floor(Math.log10(Math.abs(shown)));
  const text = shown.toFixed(Math.min(20, Math.max(digits ?? display.digits, small)));
  return display.unit === '' ? text : `${text} ${display.unit}`;
}

/** A value beside its bound: with as many digits as it takes that rounding never hides a shortfall. */
export function showBeside(value: number, bound: number, metric: Metric | undefined): string {
  const digits = metric?.display.digits ?? PLAIN.digits;
  for (let more = digits; more < digits + 9; more += 1) {
    const shown = show(value, metric, more);
    if (shown !== show(bound, metric, more)) return shown;
  }
  return show(value, metric);
}

/** `at least 700.0 TFLOP/s (contract: Annex B)`. */
export function showBound(criterion: Criterion, metric: Metric | undefined): string {
  const side = criterion.bound === 'at-least' ? 'at least' : 'at most';
  return `${side} ${show(criterion.limit.value, metric)} (${criterion.standing}: ${criterion.limit.source})`;
}

/** `3 trials`, `1 trial`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** The first few of a list of names, and how many more there are. */
export function some(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Names the subject as a sentence does: `n0001`, `n0001/GPU-5f…`, `n0001~n0002 rail 3`. */
export function nameOf(subject: Subject): string {
  switch (subject.kind) {
    case 'accelerator':
      return `${subject.node}/${subject.accelerator}`;
    case 'node':
      return subject.node;
    case 'link':
      return `${subject.ends.join('~')}${subject.rail === undefined ? '' : ` rail ${subject.rail}`}`;
    case 'group':
      return `the group of ${subject.nodes.length} nodes from ${subject.nodes[0] ?? 'none'}`;
    case 'endpoint':
      return subject.endpoint;
    case 'lot':
      return 'the lot';
  }
}
