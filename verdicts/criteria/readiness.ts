/** `readiness`: the checks of the inventory, per node. */
import type { JudgedReading } from '../model.ts';
import { count, some } from '../show.ts';
import type { Ledger } from './ledger.ts';
import type { NodeWord } from './node-facts.ts';
import type { From } from './track.ts';

/** Prefix of the names of readiness checks. */
export const READINESS = 'readiness.';

interface Seen {
  readonly wrong: Map<string, string>;
  readonly right: Set<string>;
  readonly attempts: Set<number>;
}

/** What the inventory found, node by node. */
export interface Readiness {
  /** @returns the node, when the reading is a false readiness check */
  take(reading: JudgedReading, from: From): string | undefined;
  /** @returns undefined where no node of the lot was asked */
  wordOf(node: string, missing: string | undefined): NodeWord | undefined;
}

/** Nothing asked yet. */
export function createReadiness(ledger: Ledger): Readiness {
  const nodes = new Map<string, Seen>();
  return {
    take(reading, from) {
      if (reading.kind !== 'check' || !reading.name.startsWith(READINESS)) return undefined;
      const { subject } = reading;
      if (subject.kind !== 'node' && subject.kind !== 'accelerator') return undefined;
      const seen = nodes.get(subject.node) ?? {
        wrong: new Map<string, string>(),
        right: new Set<string>(),
        attempts: new Set<number>(),
      };
      nodes.set(subject.node, seen);
      seen.attempts.add(from.attempt);
      const place = subject.kind === 'accelerator' ? ` on ${subject.accelerator}` : '';
      const name = reading.name.slice(READINESS.length) + place;
      if (reading.ok) seen.right.add(name);
      else seen.wrong.set(name, reading.detail);
      return reading.ok ? undefined : subject.node;
    },
    wordOf(node, missing) {
      if (nodes.size === 0) return undefined;
      const seen = nodes.get(node);
      if (seen === undefined) {
        return {
          verdict: 'not-tested',
          reason: missing ?? 'the inventory gave no readiness check',
        };
      }
      const attempts = [...seen.attempts].map((index) => ledger.id(index)).sort();
      if (seen.wrong.size === 0) {
        const reason = `${count(seen.right.size, 'readiness check')} true`;
        return { verdict: 'pass', reason, attempts };
      }
      const wrong = [...seen.wrong].map(([name, detail]) => `${name}: ${detail}`).sort();
      return { verdict: 'fail', reason: some(wrong, 4), attempts };
    },
  };
}
