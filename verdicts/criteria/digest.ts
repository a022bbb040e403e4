/** Bitwise screen: the same seeded product has the same digest on all parts of one SKU and library. */
import type { Criterion } from '../../plan/model.ts';
import { parametersKey, subjectNodes } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import { count } from '../show.ts';
import type { Finding, Word } from '../model.ts';
import { addAttempt, grown, type Cell, type Cells } from './cells.ts';
import { byText, type Ledger } from './ledger.ts';
import type { Source } from './sources.ts';
import { SharedLists } from './shared-lists.ts';
import { NO_WANT, worstWord, type Track } from './track.ts';

export interface DigestOptions {
  readonly criterion: Criterion;
  readonly implicit: boolean;
  readonly sources: readonly Source[];
  readonly cells: Cells;
  readonly ledger: Ledger;
  readonly nodes: readonly Node[];
}

/** Environment that may change a product's last bit. */
const LIBRARY = /torch|cuda|cublas|cudnn|rocm|hip|driver|nccl|xla|jax|blas|mkl|python/iu;
/** Trials after which a part that stays in the minority fails: the first and one retest. */
const LOOKS = 2;

/** A digest of one product. */
interface Seen {
  /** What was computed. */
  readonly what: string;
  readonly value: string;
}

interface Kept {
  /** By what, then by digest; a list and its items are shared by all parts that have seen the same. */
  digests: readonly Seen[];
  /** In the minority, or at odds with itself. */
  suspect: boolean;
  reason?: string;
}

/** A track on digests. */
export function digestTrack(options: DigestOptions): Track {
  const { criterion, cells, ledger, sources } = options;
  const cases = new Set(sources.map((source) => source.case.id));
  const classes = new Map(options.nodes.map((node) => [node.id, classOf(node)]));
  const kept = new Map<Cell, Kept>();
  /** Nearly all parts have seen the same. */
  const shared = new SharedLists(withOne);
  const looks = new SharedLists(grown);

  let latest = { key: '', seen: { what: '', value: '' }, case: '', parameters: criterion.where };
  /** What was seen, and its name: mostly that of the reading before. */
  const named = (of: string, parameters: Criterion['where'], value: string) => {
    const same = latest.parameters === parameters && latest.case === of;
    if (same && latest.seen.value === value) return latest;
    const what =
      same && latest.key !== '' ? latest.seen.what : `${of} ${parametersKey(parameters)}`;
    latest = { key: `${what} ${value}`, seen: { what, value }, case: of, parameters };
    return latest;
  };

  const wordOf = (cell: Cell): Word => {
    if (cell.word !== undefined) return cell.word;
    if (cell.values.length === 0 || cell.missing > 0) return 'not-tested';
    return kept.get(cell)?.suspect === true ? 'inconclusive' : 'pass';
  };
  const finding = (cell: Cell, end?: Parameters<Track['findings']>[0]): Finding => {
    const verdict = wordOf(cell);
    const reason =
      verdict === 'not-tested'
        ? (end?.whyNot([...cases], subjectNodes(cell.subject)) ??
          (cell.missing > 0
            ? `${count(cell.missing, 'measured trial')} gave no ${criterion.metric}`
            : (end?.stopped ?? 'no trial of it ran')))
        : (kept.get(cell)?.reason ??
          `the same digest as its peers in ${count(cell.values.length, 'trial')}`);
    return {
      criterion: criterion.id,
      subject: cell.subject,
      verdict,
      reason,
      attempts: ledger.ids(cell.attempts),
    };
  };

  return {
    criterion,
    implicit: options.implicit,
    onNodes: false,
    sources,
    take(reading, from) {
      if (reading.kind !== 'digest' || !cases.has(from.case)) return undefined;
      const cell = cells.at(reading.subject, from.nodes);
      if (cell === undefined) return undefined;
      if (cell.last !== from.attempt) {
        addAttempt(cell, from.attempt);
        cell.values = looks.with(cell.values, '', 1);
      }
      let own = kept.get(cell);
      if (own === undefined) kept.set(cell, (own = { digests: shared.none, suspect: false }));
      const { key, seen } = named(from.case, reading.parameters, reading.value);
      own.digests = shared.with(own.digests, key, seen);
      return undefined;
    },
    close(from) {
      if (!cases.has(from.case)) return;
      for (const cell of cells.on(from.nodes)) if (cell.last !== from.attempt) cell.missing += 1;
    },
    fold() {
      compare(kept, classes);
      const failed: Finding[] = [];
      for (const [cell, own] of kept) {
        if (!own.suspect || cell.word !== undefined || cell.values.length < LOOKS) continue;
        cell.word = 'fail';
        failed.push(finding(cell));
      }
      return failed;
    },
    want(of, trialNodes) {
      if (!cases.has(of.id)) return NO_WANT;
      const own = cells.on(trialNodes);
      if (own.length === 0) return { trials: 1, why: 'planned' };
      const first = own.some((cell) => cell.values.length === 0 && cell.missing === 0);
      if (first) return { trials: 1, why: 'planned' };
      const suspect = own.some(
        (cell) => kept.get(cell)?.suspect === true && cell.word === undefined && cell.missing === 0,
      );
      return suspect ? { trials: 1, why: 'retest' } : NO_WANT;
    },
    standing(nodes) {
      const own = cells.on(nodes);
      const open = own.some(
        (cell) =>
          cell.word === undefined &&
          cell.missing === 0 &&
          (cell.values.length === 0 || kept.get(cell)?.suspect === true),
      );
      return open ? undefined : (worstWord(own.map((cell) => wordOf(cell))) ?? 'not-tested');
    },
    findings: (end) => [...cells.all()].map((cell) => finding(cell, end)),
    repeatability: undefined,
    decisions: 0,
    maxTrials: LOOKS,
    notes: [],
  };
}

function withOne(list: readonly Seen[], one: Seen): readonly Seen[] {
  if (list.some(({ what, value }) => what === one.what && value === one.value)) return list;
  return [...list, one].sort((a, b) => byText(a.what, b.what) || byText(a.value, b.value));
}

/** Marks who is in the minority of its class, or gave two digests for one product. */
function compare(kept: ReadonlyMap<Cell, Kept>, classes: ReadonlyMap<string, string>): void {
  const votes = new Map<string, Map<string, number>>();
  const classKey = (cell: Cell, what: string) =>
    `${classes.get(subjectNodes(cell.subject)[0] ?? '') ?? ''} ${what}`;
  for (const [cell, own] of kept) {
    for (const { what, value } of own.digests) {
      const key = classKey(cell, what);
      const counts = votes.get(key) ?? new Map<string, number>();
      votes.set(key, counts);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  for (const [cell, own] of kept) {
    if (cell.word === 'fail') continue;
    own.suspect = false;
    delete own.reason;
    for (const what of new Set(own.digests.map((one) => one.what))) {
      const digests = own.digests.flatMap((one) => (one.what === what ? [one.value] : []));
      const counts = votes.get(classKey(cell, what)) ?? new Map<string, number>();
      const most = Math.max(...counts.values());
      const peers = [...counts.values()].reduce((sum, one) => sum + one, 0);
      const odd = digests.find((digest) => (counts.get(digest) ?? 0) < most);
      const tied = [...counts.values()].filter((one) => one === most).length > 1;
      if (digests.length > 1) {
        own.suspect = true;
        own.reason = `${what} gave ${count(digests.length, 'different digest')} on this part`;
      } else if (odd !== undefined) {
        own.suspect = true;
        own.reason = `${what} gave the digest ${odd.slice(0, 16)}, which ${counts.get(odd) ?? 0} of ${peers} parts of this SKU and library have`;
      } else if (tied) {
        // No majority: nothing says which side is wrong, and more trials would not.
        own.reason = `${what}: ${count(counts.size, 'digest')} with as many parts each`;
        cell.word ??= 'inconclusive';
      }
    }
  }
}

function classOf(node: Node): string {
  const libraries = Object.entries(node.environment)
    .filter(([key]) => LIBRARY.test(key))
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return [node.accelerators[0]?.model ?? '', ...libraries].join('|');
}
