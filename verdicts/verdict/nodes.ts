/** The word, the reasons and the remedy of every node. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import { byText } from '../criteria/ledger.ts';
import { rankOf, worstWord } from '../criteria/track.ts';
import type { Finding, Verdict, Word } from '../model.ts';
import { some } from '../show.ts';
import { remedy } from './remedy.ts';

type NodeRow = Verdict['nodes'][number];

/** What a node's findings come to. */
export interface NodeWords {
  /** Rows in the order of node ids. */
  readonly rows: readonly NodeRow[];
  /** Mandatory failing findings on more than one node, that name no guilty one. */
  readonly wideFails: readonly Finding[];
}

interface Parts {
  readonly words: Set<Word>;
  readonly reasons: { readonly word: Word; readonly text: string; readonly finding: Finding }[];
  readonly accelerators: Map<string, Set<Word>>;
  /** A mandatory criterion of the plan passed or failed here. */
  judged: boolean;
}

/** Reasons kept a node: enough to act on. */
const REASONS = 12;

/** Takes findings, those of mandatory criteria only, and says at the end what they come to. */
export interface NodeFold {
  take(findings: Iterable<Finding>): void;
  end(): NodeWords;
}

/**
 * @param planned ids of the criteria that the plan itself has
 * @param criteria by id, those of the judge too
 */
export function foldNodes(
  nodes: readonly Node[],
  planned: ReadonlySet<string>,
  criteria: ReadonlyMap<string, Criterion>,
): NodeFold {
  const parts = new Map<string, Parts>(nodes.map((node) => [node.id, emptyParts(node)]));
  const wideFails: Finding[] = [];
  const take = (finding: Finding) => {
    const { subject, verdict } = finding;
    const own = subjectNodes(subject);
    const wide = own.length > 1;
    if (verdict === 'fail' && (wide || subject.kind === 'lot')) wideFails.push(finding);
    // One of several is at fault and none is named: doubt on each, blame on none.
    // Where it is known whose fault it is, the guilty have findings of their own.
    if (wide && finding.guilty !== undefined) return;
    const word = wide && verdict === 'fail' ? 'inconclusive' : verdict;
    for (const id of own) {
      const part = parts.get(id);
      if (part === undefined) continue;
      part.words.add(word);
      if (planned.has(finding.criterion) && word !== 'not-tested') part.judged = true;
      if (word !== 'pass') part.reasons.push({ word, text: sentence(finding), finding });
      if (subject.kind === 'accelerator') part.accelerators.get(subject.accelerator)?.add(word);
    }
  };
  return {
    take(findings) {
      for (const finding of findings) take(finding);
    },
    end() {
      const rows = nodes.map((node) =>
        rowOf(node, parts.get(node.id) ?? emptyParts(node), criteria),
      );
      return { rows: rows.sort((a, b) => byText(a.id, b.id)), wideFails };
    },
  };
}

function rowOf(node: Node, part: Parts, criteria: ReadonlyMap<string, Criterion>): NodeRow {
  const words = [...part.words];
  if (!part.judged) words.push('not-tested');
  const verdict = worstWord(words) ?? 'not-tested';
  const reasons = together(part.reasons);
  const first = part.reasons.find((one) => one.word === verdict);
  const [strongest] = node.identity;
  return {
    id: node.id,
    identity: strongest === undefined ? '' : `${strongest.kind}:${strongest.value}`,
    verdict,
    reasons: shortened(
      reasons.length === 0 && verdict === 'not-tested'
        ? ['no criterion of the plan was judged here']
        : reasons,
    ),
    accelerators: node.accelerators.map((one) => ({
      id: one.id,
      verdict: worstWord(part.accelerators.get(one.id) ?? []) ?? verdict,
    })),
    ...remedy(verdict, first?.finding, criteria.get(first?.finding.criterion ?? '')),
  };
}

/** One sentence for all accelerators that share a reason. */
function together(all: Parts['reasons']): string[] {
  const places = new Map<string, { readonly word: Word; readonly names: string[] }>();
  for (const { word, text, finding } of all) {
    const known = places.get(text) ?? { word, names: [] };
    places.set(text, known);
    if (finding.subject.kind === 'accelerator') known.names.push(finding.subject.accelerator);
  }
  return [...places]
    .sort(([a, one], [b, other]) => rankOf(one.word) - rankOf(other.word) || byText(a, b))
    .map(([text, { names }]) => (names.length === 0 ? text : `${text} (on ${some(names, 2)})`));
}

function shortened(reasons: readonly string[]): string[] {
  const more = reasons.length - REASONS;
  return more > 0
    ? [...reasons.slice(0, REASONS), `and ${more} more findings that did not pass`]
    : [...reasons];
}

function sentence(finding: Finding): string {
  return `${finding.criterion}: ${finding.reason}`;
}

function emptyParts(node: Node): Parts {
  return {
    words: new Set(),
    reasons: [],
    accelerators: new Map(node.accelerators.map((one) => [one.id, new Set()])),
    judged: false,
  };
}
