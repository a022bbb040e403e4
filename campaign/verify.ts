/** Verification: from evidence alone to the same verdict, or the file and the number that differ. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemCode } from '../plan/errors.ts';
import type { Plan } from '../plan/model.ts';
import { canonicalFile } from './directory/canonical.ts';
import { readJson } from './directory/json.ts';
import type { PrivateFile } from './directory/model.ts';
import { rejectedFile } from './directory/rejected.ts';
import { planShape, privateShape } from './directory/shapes.ts';
import { findingTable, sampleTable, telemetryTable } from './directory/tables.ts';
import { isThere } from './directory/writer.ts';
import { differences } from './differences.ts';
import { replay, type Replayed } from './replay.ts';
import { rejectedContext, VERDICT_DIGITS } from './results.ts';
import { RowCheck } from './row-check.ts';
import { checkSignatures, type CheckedSignature, type Trust } from './signatures/check.ts';
import { telemetryRows } from './telemetry.ts';
import type { CreateJudge, Units } from './units.ts';
import {
  attempt,
  checkEvidence,
  checkJournal,
  checkLater,
  checkManifest,
  type Problem,
} from './verify-files.ts';
import { checkReports, type ReportsAgain } from './verify-reports.ts';
import {
  compareFindings,
  readWithheld,
  type Recomputed,
  unreadable,
  type WithheldFound,
} from './verify-withheld.ts';

/** What verification needs from outside. */
export interface VerifySetup {
  readonly createJudge: CreateJudge;
  /** The units again from a run's plan.json. */
  readonly revive: (plan: Plan) => Promise<Units>;
  /** Absent: signatures are held against the manifest alone. */
  readonly trust?: Trust;
  /** Renders the reports that every run gets; absent: they stand on their hashes. */
  readonly reports?: ReportsAgain;
}

/** What verification found. */
export interface Verified {
  /** All that is wrong, the file first; empty: what is there stands. */
  readonly problems: readonly Problem[];
  readonly signatures: readonly CheckedSignature[];
  /** Of a copy for others; absent: the run is whole. */
  readonly withheld?: WithheldFound;
  /** What was not checked, and why: no failure. */
  readonly notes: readonly string[];
}

/**
 * Checks a sealed run: hashes, signatures, evidence, and everything that follows from the evidence.
 *
 * @throws {HarnessError} RUN_UNREADABLE when there is no plan.json to start from, RUN_SCHEMA_NEWER;
 *   USAGE when the keys to trust can't be read; TOOL_MISSING when there are signatures and no ssh-keygen
 */
export async function verifyRun(path: string, setup: VerifySetup): Promise<Verified> {
  const root = resolve(path);
  const plan = await readJson(join(root, 'plan.json'), 'plan', 1, planShape);
  const problems: Problem[] = [];
  const notes: string[] = [];
  const leftOut = await readWithheld(root, problems);
  const manifest = await checkManifest(root, '', problems, leftOut.mayMiss);
  const later = manifest === undefined ? [] : await checkLater(root, problems);
  const trust = setup.trust ?? { now: new Date() };
  const signatures: CheckedSignature[] = [];
  for (const prefix of ['', ...later]) {
    signatures.push(...(await checkSignatures(root, prefix, trust, problems)));
  }
  if (
    trust.allowed !== undefined &&
    !signatures.some(({ file }) => file.startsWith('signatures/'))
  ) {
    problems.push({ file: 'signatures/', what: 'nobody has signed this run' });
  }
  await checkJournal(root, manifest, problems);
  const withheld = await checkEvidence(root, problems, leftOut.segment);
  const unread = await unreadable(root, withheld);
  const results = await checkResults(root, plan, setup, unread, problems);
  if (problems.length === 0 && manifest !== undefined && setup.reports !== undefined) {
    await checkReports(root, manifest, setup.reports, problems, notes);
  }
  const { file } = leftOut;
  return {
    problems,
    signatures,
    ...(file && { withheld: { ...file, attempts: withheld.size, ...results } }),
    notes,
  };
}

/** @returns how many findings the copy gives again, and those that it does not */
async function checkResults(
  root: string,
  plan: Plan,
  { createJudge, revive }: VerifySetup,
  unread: ReadonlySet<string>,
  problems: Problem[],
): Promise<Recomputed> {
  const names = await privateNames(root, problems);
  const there = ({ attempt: id }: { readonly attempt: string }) => !unread.has(id);
  const samples = new RowCheck(root, 'samples.parquet', sampleTable, problems, there);
  const telemetry = new RowCheck(root, 'telemetry.parquet', telemetryTable, problems, there);
  const units = await revive(plan);
  const replayed = await attempt('evidence', problems, () =>
    replay({
      path: root,
      plan,
      ...(names && { names }),
      ...(unread.size > 0 && { withheld: unread, amended: true }),
      units,
      createJudge,
      problem: (what) => problems.push({ file: 'journal.ndjson', what }),
      async attempt(one, readings) {
        for (const reading of readings) {
          if (reading.kind !== 'sample') continue;
          // A reading's kind is no column.
          const { kind: _kind, ...sample } = reading;
          await samples.next(sample, `${sample.metric} of ${one.id}`);
        }
        for (const row of telemetryRows(one.id, readings)) {
          await telemetry.next(row, `${row.field} of ${one.id}`);
        }
      },
    }),
  );
  // Without any inventory nothing is read: the tables' rows then have nothing to be held against.
  const complete = replayed !== undefined;
  await samples.end(complete);
  await telemetry.end(complete);
  if (replayed === undefined) return { recomputed: 0, notRecomputed: [] };
  if (unread.size > 0) return compareFindings(root, replayed.judgement.findings, problems);
  return { recomputed: await checkJudgement(root, plan, replayed, problems), notRecomputed: [] };
}

/** @returns findings */
async function checkJudgement(
  root: string,
  plan: Plan,
  replayed: Replayed,
  problems: Problem[],
): Promise<number> {
  const { judgement, judging } = replayed;
  const findings = new RowCheck(root, 'findings.parquet', findingTable, problems);
  let count = 0;
  for (const finding of judgement.findings) {
    count += 1;
    await findings.next(finding, finding.criterion);
  }
  await findings.end(true);
  const verdict = canonicalFile(judgement.verdict, VERDICT_DIGITS);
  await sameJson(root, 'verdict.json', verdict, problems);
  await sameJson(root, 'fleet.json', canonicalFile(judging.fleetFile), problems);
  const rejected = rejectedFile(judgement, rejectedContext({ plan }, replayed));
  await sameLines(root, 'rejected.csv', rejected, problems);
  return count;
}

async function privateNames(root: string, problems: Problem[]): Promise<PrivateFile | undefined> {
  const file = 'private.json';
  if (!(await isThere(join(root, file)))) return undefined;
  return attempt(file, problems, () => readJson(join(root, file), 'private', 1, privateShape));
}

async function sameJson(
  root: string,
  file: string,
  expected: string,
  problems: Problem[],
): Promise<void> {
  const text = await textOf(root, file, problems);
  if (text === undefined || text === expected) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    problems.push({ file, what: 'is truncated or not JSON' });
    return;
  }
  const found = differences(value, JSON.parse(expected));
  const what = found.length === 0 ? ['it is not spelled as it was written'] : found;
  for (const one of what) problems.push({ file, what: one });
}

async function sameLines(
  root: string,
  file: string,
  expected: string,
  problems: Problem[],
): Promise<void> {
  const text = await textOf(root, file, problems);
  if (text === undefined || text === expected) return;
  const [left, right] = [text.split('\n'), expected.split('\n')];
  const at = right.findIndex((line, index) => line !== left[index]);
  const line = at < 0 ? right.length : at;
  const what = `line ${line + 1}: the file has "${left[line] ?? ''}", the evidence gives "${right[line] ?? ''}"`;
  problems.push({ file, what });
}

async function textOf(
  root: string,
  file: string,
  problems: Problem[],
): Promise<string | undefined> {
  try {
    return await readFile(join(root, file), 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    problems.push({ file, what: code === 'ENOENT' ? 'is missing' : `can't be read (${code})` });
    return undefined;
  }
}
