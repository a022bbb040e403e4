/** The files that a replay makes: samples, telemetry, findings, verdict.json, rejected.csv, fleet.json. */
import { join } from 'node:path';
import { writeAtomic } from './directory/disk.ts';
import { writeJson } from './directory/json.ts';
import { ParquetSink } from './directory/parquet.ts';
import { rejectedFile } from './directory/rejected.ts';
import { findingTable, sampleTable, telemetryTable } from './directory/tables.ts';
import { replay, type Replayed, type ReplaySetup } from './replay.ts';
import { telemetryRows } from './telemetry.ts';

/** Significant digits in verdict.json: past them stands the noise of logarithms. */
export const VERDICT_DIGITS = 12;

/**
 * Replays a run and writes what follows from its evidence.
 *
 * @param into folder that gets the files: the run's own, or one under `later/`
 * @throws {HarnessError} as `replay`; DISK_FULL
 */
export async function writeResults(setup: ReplaySetup, into: string): Promise<Replayed> {
  const samples = await ParquetSink.open(join(into, 'samples.parquet'), sampleTable);
  const telemetry = await ParquetSink.open(join(into, 'telemetry.parquet'), telemetryTable);
  const findings = await ParquetSink.open(join(into, 'findings.parquet'), findingTable);
  let replayed: Replayed;
  try {
    replayed = await replay({
      ...setup,
      async attempt(attempt, readings) {
        for (const reading of readings) {
          const full = reading.kind === 'sample' ? samples.write(reading) : undefined;
          if (full !== undefined) await full;
        }
        for (const row of telemetryRows(attempt.id, readings)) {
          const full = telemetry.write(row);
          if (full !== undefined) await full;
        }
        await setup.attempt?.(attempt, readings);
      },
    });
    for (const finding of replayed.judgement.findings) {
      const full = findings.write(finding);
      if (full !== undefined) await full;
    }
    for (const sink of [samples, telemetry, findings]) await sink.close();
  } catch (error) {
    for (const sink of [samples, telemetry, findings]) await sink.discard();
    throw error;
  }
  const { judgement, judging } = replayed;
  await writeJson(join(into, 'fleet.json'), judging.fleetFile);
  await writeAtomic(
    join(into, 'rejected.csv'),
    rejectedFile(judgement, rejectedContext(setup, replayed)),
  );
  // The verdict last: where it is, all that it stands on is.
  await writeJson(join(into, 'verdict.json'), judgement.verdict, VERDICT_DIGITS);
  return replayed;
}

/** What rows of rejected.csv are made from. */
export function rejectedContext(
  { plan }: Pick<ReplaySetup, 'plan'>,
  { judging }: Pick<Replayed, 'judging'>,
) {
  const { nodes } = judging.fleetFile;
  return { nodes, criteria: plan.criteria, metrics: judging.metrics };
}
