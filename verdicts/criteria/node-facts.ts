/** Tracks on what is known of nodes without a case: delivery, identity, readiness, uniformity. */
import type { Criterion } from '../../plan/model.ts';
import type { Finding, JudgedReading, Word } from '../model.ts';
import { NO_WANT, worstWord, type From, type Track } from './track.ts';

/** Word and sentence on one node. */
export interface NodeWord {
  readonly verdict: Word;
  readonly reason: string;
  readonly attempts?: readonly string[];
}

export interface NodeFactOptions {
  readonly criterion: Criterion;
  readonly implicit: boolean;
  /** Every node judged, missing ones included. */
  readonly nodes: readonly string[];
  /** undefined: the node has no finding here. */
  readonly wordOf: (node: string) => NodeWord | undefined;
  /** Gives the node that a reading makes fail, if any. */
  readonly take?: (reading: JudgedReading, from: From) => string | undefined;
}

/** A track whose words are computed when asked for. */
export function nodeFactTrack(options: NodeFactOptions): Track {
  const { criterion, nodes, wordOf } = options;
  const told = new Set<string>();
  const finding = (node: string): Finding | undefined => {
    const word = wordOf(node);
    if (word === undefined) return undefined;
    return {
      criterion: criterion.id,
      subject: { kind: 'node', node },
      verdict: word.verdict,
      reason: word.reason,
      attempts: word.attempts ?? [],
    };
  };
  return {
    criterion,
    implicit: options.implicit,
    onNodes: true,
    sources: [],
    take(reading, from) {
      const node = options.take?.(reading, from);
      if (node === undefined || told.has(node)) return undefined;
      const now = finding(node);
      if (now?.verdict !== 'fail') return undefined;
      told.add(node);
      return now;
    },
    close: () => undefined,
    fold() {
      return nodes.flatMap((node) => {
        if (told.has(node)) return [];
        const now = finding(node);
        if (now?.verdict !== 'fail') return [];
        told.add(node);
        return [now];
      });
    },
    want: () => NO_WANT,
    standing: (own) => worstWord(own.flatMap((node) => wordOf(node)?.verdict ?? [])) ?? 'pass',
    findings: () => nodes.flatMap((node) => finding(node) ?? []),
    repeatability: undefined,
    decisions: 0,
    maxTrials: 0,
    notes: [],
  };
}
