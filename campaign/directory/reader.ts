/** Read access to a run directory; see RunReader. */
import { access, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { systemCode } from '../../plan/errors.ts';
import { readAttempts } from '../attempts.ts';
import { EvidenceReader } from '../evidence/reader.ts';
import { readJournal } from '../journal.ts';
import { readJson, unreadable } from './json.ts';
import type { FleetFile, JournalEvent, RunReader } from './model.ts';
import { readGroups, readParquet } from './parquet.ts';
import { faultsShape, fleetShape, planShape, privateShape, verdictShape } from './shapes.ts';
import { findingTable, sampleTable, telemetryTable } from './tables.ts';

/** A RunReader that holds files open: `close` it. */
export interface OpenRun extends RunReader {
  close(): Promise<void>;
}

/**
 * Opens a run directory, sealed or not.
 *
 * @throws {HarnessError} RUN_UNREADABLE naming the file, RUN_SCHEMA_NEWER
 */
export async function openRun(path: string): Promise<OpenRun> {
  const root = resolve(path);
  await isRun(root);
  const plan = await readJson(join(root, 'plan.json'), 'plan', 1, planShape);
  const fleet: FleetFile = await readJson(join(root, 'fleet.json'), 'fleet', 1, fleetShape);
  const withVerdict = (await exists(join(root, 'verdict.json')))
    ? { verdict: await readJson(join(root, 'verdict.json'), 'verdict', 1, verdictShape) }
    : {};
  const withPrivate = (await exists(join(root, 'private.json')))
    ? { private: await readJson(join(root, 'private.json'), 'private', 1, privateShape) }
    : {};
  const withFaults = (await exists(join(root, 'faults.json')))
    ? { faults: await readJson(join(root, 'faults.json'), 'faults', 1, faultsShape) }
    : {};
  const evidence = new EvidenceReader(join(root, 'evidence'));
  const journal = join(root, 'journal.ndjson');
  return {
    path: root,
    id: basename(root),
    plan,
    fleet,
    ...withVerdict,
    ...withPrivate,
    ...withFaults,
    sealed: await exists(join(root, 'manifest.json')),
    journal: () => readJournal(journal) as AsyncIterable<JournalEvent>,
    attempts: () => readAttempts(readJournal(journal)),
    samples: () => readParquet(join(root, 'samples.parquet'), sampleTable),
    findings: () => readParquet(join(root, 'findings.parquet'), findingTable),
    telemetry: () => readParquet(join(root, 'telemetry.parquet'), telemetryTable),
    sampleGroups: () => readGroups(join(root, 'samples.parquet'), sampleTable),
    findingGroups: () => readGroups(join(root, 'findings.parquet'), findingTable),
    telemetryGroups: (cells) =>
      readGroups(join(root, 'telemetry.parquet'), telemetryTable, { column: 'node', cells }),
    streams: () => evidence.streams(),
    async *bytes(entry) {
      yield* evidence.bytes(entry);
    },
    close: () => evidence.close(),
  };
}

async function isRun(root: string): Promise<void> {
  try {
    if ((await stat(root)).isDirectory()) return;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
  throw unreadable(root, `${root} is not a run directory`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
