/** The reports' own words: for verdicts, origins, subjects and parameters, the same in every format. */
import type { Criterion, Origin, Parameters, Subject } from '../plan/model.ts';
import type { LotWord, Word } from '../verdicts/model.ts';
import { showBytes, showCount, showLimit, type Display } from './figure.ts';

/** First line of every report, and head of every printed page: what the figures can prove. */
export const ORIGIN: Readonly<Record<Origin, { readonly label: string; readonly says: string }>> = {
  hardware: { label: 'Hardware', says: 'Measured on the delivered hardware.' },
  'reference-device': {
    label: 'Reference device',
    says: 'Measured on a CPU: this proves the tool, not any GPU.',
  },
  'stand-in': {
    label: 'Stand-in',
    says: 'Figures come from a stand-in for the provider: this proves the tool, not any GPU.',
  },
  simulated: {
    label: 'Simulated',
    says: 'No hardware was measured: this proves the tool, not any GPU.',
  },
};

/** A verdict in words and as a shape, so that colour never stands alone. */
export interface Mark {
  readonly text: string;
  readonly glyph: string;
  /** Name of the style. */
  readonly kind: 'good' | 'bad' | 'doubt' | 'none';
}

export const LOT: Readonly<Record<LotWord, Mark>> = {
  accept: { text: 'Accepted', glyph: '✓', kind: 'good' },
  reject: { text: 'Rejected', glyph: '✕', kind: 'bad' },
  inconclusive: { text: 'Inconclusive', glyph: '?', kind: 'doubt' },
  'not-tested': { text: 'Not fully tested', glyph: '○', kind: 'none' },
};

export const WORD: Readonly<Record<Word, Mark>> = {
  pass: { text: 'pass', glyph: '✓', kind: 'good' },
  fail: { text: 'fail', glyph: '✕', kind: 'bad' },
  inconclusive: { text: 'inconclusive', glyph: '?', kind: 'doubt' },
  'not-tested': { text: 'not tested', glyph: '○', kind: 'none' },
};

/** Worst first, as tables are ordered. */
export const SEVERITY: Readonly<Record<Word, number>> = {
  fail: 0,
  inconclusive: 1,
  'not-tested': 2,
  pass: 3,
};

/** `dtype bf16, shape 8192`; sizes with their prefix. */
export function parametersText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([key, value]) =>
      key === 'bytes' && typeof value === 'number'
        ? showBytes(value)
        : `${key.replaceAll('_', ' ')} ${String(value)}`,
    )
    .join(', ');
}

/** `≥ 700 TFLOP/s`; an exact criterion has no figure. */
export function boundText(criterion: Criterion, display: Display): string {
  if (criterion.decide === 'exact') return 'no deviation';
  const sign = criterion.bound === 'at-least' ? '≥' : '≤';
  return `${sign} ${showLimit(criterion.limit.value, display)} ${display.unit}`.trim();
}

/** Name of a subject; accelerators by their place in the node where that is known. */
export function subjectText(
  subject: Subject,
  place?: (node: string, accelerator: string) => string | undefined,
): string {
  switch (subject.kind) {
    case 'accelerator':
      return `${subject.node} · ${place?.(subject.node, subject.accelerator) ?? subject.accelerator}`;
    case 'node':
      return subject.node;
    case 'link':
      return `${subject.ends.join(' ↔ ')}${subject.rail === undefined ? '' : ` rail ${subject.rail}`}`;
    case 'group':
      return nodeRanges(subject.nodes);
    case 'endpoint':
      return subject.endpoint;
    case 'lot':
      return 'the lot';
  }
}

/** Pieces shown before "and N more". */
const PIECES = 12;

/** `n0001–n0064, n0070 (65 nodes)`: runs of numbers folded, order kept. */
export function nodeRanges(nodes: readonly string[]): string {
  const pieces: { first: string; last: string; count: number }[] = [];
  for (const node of nodes) {
    const open = pieces.at(-1);
    if (open !== undefined && follows(open.last, node)) {
      open.last = node;
      open.count += 1;
    } else pieces.push({ first: node, last: node, count: 1 });
  }
  const shown = pieces
    .slice(0, PIECES)
    .map(({ first, last, count }) =>
      count === 1 ? first : count === 2 ? `${first}, ${last}` : `${first}–${last}`,
    );
  const rest = pieces.slice(PIECES).reduce((sum, piece) => sum + piece.count, 0);
  if (rest > 0) shown.push(`and ${showCount(rest)} more`);
  return nodes.length > 2
    ? `${shown.join(', ')} (${plural(nodes.length, 'node')})`
    : shown.join(', ');
}

function follows(before: string, after: string): boolean {
  const [one, two] = [before, after].map((id) => /^(\D*)(\d+)$/u.exec(id));
  return one?.[1] !== undefined && one[1] === two?.[1] && Number(one[2]) + 1 === Number(two[2]);
}

/** `1 node`, `3 nodes`. */
export function plural(count: number, noun: string): string {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
