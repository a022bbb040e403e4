/** Verification: from evidence alone to the same verdict, or the file and the number that differ. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemCode } from '../plan/errors.ts';
import type { Plan } from '../plan/model.ts';
import { canonicalFile } from './directory/canonical.ts';
import { readJson } from './directory/json.ts';
import type { PrivateFile } from './directory/model.ts';
import { readParquet, type Row, type Table } from './directory/parquet.ts';
import { rejectedFile } from './directory/rejected.ts';
import { planShape, privateShape } from './directory/shapes.ts';
import { findingTable, sampleTable, telemetryTable } from './directory/tables.ts';
import { isThere } from './directory/writer.ts';
import { differences } from './differences.ts';
import { replay, type Replayed } from './replay.ts';
import { rejectedContext, VERDICT_DIGITS } from './results.ts';
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

/** Rows of one table that are named at most. */
const MOST_ROWS = 5;

/** What verification needs from outside. */
export interface VerifySetup {
  readonly createJudge: CreateJudge;
  /** The units again from a run's plan.json. */
  readonly revive: (plan: Plan) => Promise<Units>;
}

/**
 * Checks a sealed run: hashes, evidence, and everything that follows from the evidence.
 *
 * @returns all that is wrong, the file first; empty: the verdict stands
 * @throws {HarnessError} RUN_UNREADABLE when there is no plan.json to start from, RUN_SCHEMA_NEWER
 */
export async function verifyRun(
  path: string,
  setup: VerifySetup,
): Promise<{ readonly problems: readonly Problem[] }> {
  const root = resolve(path);
  const plan = await readJson(join(root, 'plan.json'), 'plan', 1, planShape);
  const problems: Problem[] = [];
  const manifest = await checkManifest(root, '', problems);
  if (manifest !== undefined) await checkLater(root, problems);
  await checkJournal(root, manifest, problems);
  await checkEvidence(root, problems);
  await checkResults(root, plan, setup, problems);
  return { problems };
}

async function checkResults(
  root: string,
  plan: Plan,
  { createJudge, revive }: VerifySetup,
  problems: Problem[],
): Promise<void> {
  const names = await privateNames(root, problems);
  const samples = new RowCheck(root, 'samples.parquet', sampleTable, problems);
  const telemetry = new RowCheck(root, 'telemetry.parquet', telemetryTable, problems);
  const units = await revive(plan);
  const replayed = await attempt('evidence', problems, () =>
    replay({
      path: root,
      plan,
      ...(names && { names }),
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
  await samples.end(replayed !== undefined);
  await telemetry.end(replayed !== undefined);
  if (replayed === undefined) return;
  await checkJudgement(root, plan, replayed, problems);
}

async function checkJudgement(
  root: string,
  plan: Plan,
  replayed: Replayed,
  problems: Problem[],
): Promise<void> {
  const { judgement, judging } = replayed;
  const findings = new RowCheck(root, 'findings.parquet', findingTable, problems);
  for (const finding of judgement.findings) await findings.next(finding, finding.criterion);
  await findings.end(true);
  const verdict = canonicalFile(judgement.verdict, VERDICT_DIGITS);
  await sameJson(root, 'verdict.json', verdict, problems);
  await sameJson(root, 'fleet.json', canonicalFile(judging.fleetFile), problems);
  const rejected = rejectedFile(judgement, rejectedContext({ plan }, replayed));
  await sameLines(root, 'rejected.csv', rejected, problems);
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

/** Compares a table with the rows that the evidence gives, one after the other. */
class RowCheck<T> {
  readonly #file: string;
  readonly #table: Table<T>;
  readonly #problems: Problem[];
  readonly #rows: AsyncIterator<T>;
  #row = 0;
  #named = 0;
  #broken = false;

  constructor(root: string, file: string, table: Table<T>, problems: Problem[]) {
    this.#file = file;
    this.#table = table;
    this.#problems = problems;
    this.#rows = readParquet(join(root, file), table)[Symbol.asyncIterator]();
  }

  /** @param what names the row in words */
  async next(expected: T, what: string): Promise<void> {
    const row = await this.#read();
    if (this.#broken) return;
    this.#row += 1;
    const seen = row === undefined ? {} : cells(this.#table.encode(row));
    const found = differences(seen, cells(this.#table.encode(expected)));
    for (const one of found) this.#name(`row ${this.#row} (${what}): ${one}`);
  }

  /** @param complete all rows that the evidence gives have been compared */
  async end(complete: boolean): Promise<void> {
    if (complete && (await this.#read()) !== undefined) {
      this.#name(`has more than the ${this.#row} rows that the evidence gives`);
    }
    await this.#rows.return?.();
  }

  async #read(): Promise<T | undefined> {
    if (this.#broken) return undefined;
    const next = await attempt(this.#file, this.#problems, () => this.#rows.next());
    if (next === undefined) this.#broken = true;
    return next === undefined || next.done === true ? undefined : next.value;
  }

  #name(what: string): void {
    this.#named += 1;
    if (this.#named <= MOST_ROWS) this.#problems.push({ file: this.#file, what });
  }
}

/** Absent cells left out: a file has no cells that are there and undefined. */
function cells(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== undefined));
}
