/** `readiness`: the checks of the inventory, per node. */
import type { JudgedReading } from '../model.ts';
import { count, some } from '../show.ts';
import type { Ledger } from './ledger.ts';
import type { NodeWord } from './node-facts.ts';
import { SharedLists } from './shared-lists.ts';
import type { From } from './track.ts';

/** Prefix of the names of readiness checks. */
export const READINESS = 'readiness.';

interface Seen {
  readonly wrong: Map<string, string>;
  /** Accelerator, or none → its checks that were true; a list is shared by all with the same. */
  readonly right: Map<string, readonly string[]>;
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
  const shared = new SharedLists<string>((list, name) =>
    list.includes(name) ? list : [...list, name],
  );
  return {
    take(reading, from) {
      if (reading.kind !== 'check' || !reading.name.startsWith(READINESS)) return undefined;
      const { subject } = reading;
      if (subject.kind !== 'node' && subject.kind !== 'accelerator') return undefined;
      const seen = nodes.get(subject.node) ?? {
        wrong: new Map<string, string>(),
        right: new Map<string, readonly string[]>(),
        attempts: new Set<number>(),
      };
      nodes.set(subject.node, seen);
      seen.attempts.add(from.attempt);
      const name = reading.name.slice(READINESS.length);
      const accelerator = subject.kind === 'accelerator' ? subject.accelerator : '';
      if (reading.ok) {
        const known = seen.right.get(accelerator) ?? shared.none;
        seen.right.set(accelerator, shared.with(known, name, name));
      } else {
        const place = accelerator === '' ? '' : ` on ${accelerator}`;
        seen.wrong.set(name + place, reading.detail);
      }
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
        const right = [...seen.right.values()].reduce((sum, names) => sum + names.length, 0);
        const reason = `${count(right, 'readiness check')} true`;
        return { verdict: 'pass', reason, attempts };
      }
      const wrong = [...seen.wrong].map(([name, detail]) => `${name}: ${detail}`).sort();
      return { verdict: 'fail', reason: some(wrong, 4), attempts };
    },
  };
}
