/** A copy for others: what it leaves out, and what can be computed again without it. */
import { join } from 'node:path';
import { subjectKey } from '../plan/subject.ts';
import type { Finding } from '../verdicts/model.ts';
import { canonical } from './directory/canonical.ts';
import { readJson } from './directory/json.ts';
import { hashFile } from './directory/manifest.ts';
import type { WithheldFile } from './directory/model.ts';
import { readParquet } from './directory/parquet.ts';
import { withheldShape } from './directory/shapes.ts';
import { findingTable } from './directory/tables.ts';
import { isThere } from './directory/writer.ts';
import { readJournal } from './journal.ts';
import { attempt, type MayMiss, type Problem } from './verify-files.ts';

/** Files that a copy may leave out: names and addresses, and packed evidence. */
const MAY = /^(?:private\.json|evidence\/\d+\.seg)$/u;

/** Findings against those that what is there leads to. */
export interface Recomputed {
  readonly recomputed: number;
  /** Criterion and subject of each that could not be. */
  readonly notRecomputed: readonly Pick<Finding, 'criterion' | 'subject'>[];
}

/** What a copy leaves out, and what that costs. */
export interface WithheldFound extends WithheldFile, Recomputed {
  /** Attempts with withheld evidence. */
  readonly attempts: number;
}

/** What withheld.json allows. */
interface LeftOut {
  readonly file?: WithheldFile;
  readonly mayMiss: MayMiss;
  /** Whether a segment of the evidence was left out. */
  readonly segment: (name: string) => boolean;
}

/** withheld.json of a copy, and what may be missing because of it. */
export async function readWithheld(root: string, problems: Problem[]): Promise<LeftOut> {
  const name = 'withheld.json';
  const path = join(root, name);
  const none: LeftOut = { mayMiss: () => false, segment: () => false };
  if (!(await isThere(path))) return none;
  const file = await attempt(name, problems, () => readJson(path, 'withheld', 1, withheldShape));
  if (file === undefined) return none;
  const sealed = join(root, 'manifest.json');
  if ((await isThere(sealed)) && (await hashFile(sealed)) !== file.manifest) {
    problems.push({ file: name, what: 'belongs to another manifest.json' });
  }
  for (const one of Object.keys(file.files)) {
    if (!MAY.test(one)) problems.push({ file: name, what: `${one} can't be left out of a copy` });
    else if (await isThere(join(root, one))) {
      problems.push({ file: name, what: `${one} is said to be withheld, and it is there` });
    }
  }
  const listed = (one: string) => Object.hasOwn(file.files, one) && MAY.test(one);
  return {
    file,
    mayMiss: (one, sha256) => listed(one) && file.files[one]?.sha256 === sha256,
    segment: (one: string) => listed(`evidence/${one}`),
  };
}

/**
 * Attempts that can't be read again: their own evidence is withheld, or their nodes' inventory is, without
 * which nobody knows what they have.
 */
export async function unreadable(
  root: string,
  withheld: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  if (withheld.size === 0) return withheld;
  const attempts: { readonly id: string; readonly nodes: readonly string[] }[] = [];
  const unknown = new Set<string>();
  for await (const event of readJournal(join(root, 'journal.ndjson'))) {
    if (event.event !== 'trial-start') continue;
    attempts.push({ id: event.attempt, nodes: event.nodes });
    if (event.round !== 0 || !withheld.has(event.attempt)) continue;
    for (const node of event.nodes) unknown.add(node);
  }
  const blind = attempts.filter(({ nodes }) => nodes.some((node) => unknown.has(node)));
  return new Set([...withheld, ...blind.map(({ id }) => id)]);
}

/** Which stored findings what is left gives again, to the last digit. */
export async function compareFindings(
  root: string,
  again: Iterable<Finding>,
  problems: Problem[],
): Promise<Recomputed> {
  const key = ({ criterion, subject }: Finding) => `${criterion}\t${subjectKey(subject)}`;
  const made = new Map<string, string>();
  for (const one of again) made.set(key(one), canonical(one));
  const notRecomputed: Pick<Finding, 'criterion' | 'subject'>[] = [];
  let recomputed = 0;
  await attempt('findings.parquet', problems, async () => {
    for await (const finding of readParquet(join(root, 'findings.parquet'), findingTable)) {
      if (made.get(key(finding)) === canonical(finding)) recomputed += 1;
      else notRecomputed.push({ criterion: finding.criterion, subject: finding.subject });
    }
  });
  return { recomputed, notRecomputed };
}
