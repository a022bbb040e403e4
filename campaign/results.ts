/** The files that a replay makes: samples, telemetry, findings, verdict.json, rejected.csv, fleet.json. */
import { join } from 'node:path';
import { writeAtomic } from './directory/disk.ts';
import { writeJson } from './directory/json.ts';
import { ParquetSink } from './directory/parquet.ts';
import { rejectedFile } from './directory/rejected.ts';
import { findingTable, sampleTable, telemetryTable } from './directory/tables.ts';
import { replay, type Replayed, type ReplaySetup } from './replay.ts';
import { telemetryRows } from './telemetry.ts';
import type { TelemetryRow } from './directory/model.ts';
import type { Plan } from '../plan/model.ts';
import type { Attempt, Sample } from '../suites/model.ts';
import type { Finding, JudgedReading } from '../verdicts/model.ts';

/** Significant digits in verdict.json: past them stands the noise of logarithms. */
export const VERDICT_DIGITS = 12;

/** The files that follow from a run's evidence, written as it is read. */
export class ResultFiles {
  readonly #into: string;
  readonly #samples: ParquetSink<Sample>;
  readonly #telemetry: ParquetSink<TelemetryRow>;
  readonly #findings: ParquetSink<Finding>;

  private constructor(
    into: string,
    samples: ParquetSink<Sample>,
    telemetry: ParquetSink<TelemetryRow>,
    findings: ParquetSink<Finding>,
  ) {
    this.#into = into;
    this.#samples = samples;
    this.#telemetry = telemetry;
    this.#findings = findings;
  }

  /** @param into folder that gets the files: the run's own, or one under `later/` @throws {HarnessError} DISK_FULL */
  static async open(into: string): Promise<ResultFiles> {
    return new ResultFiles(
      into,
      await ParquetSink.open(join(into, 'samples.parquet'), sampleTable),
      await ParquetSink.open(join(into, 'telemetry.parquet'), telemetryTable),
      await ParquetSink.open(join(into, 'findings.parquet'), findingTable),
    );
  }

  /** The rows of one attempt. */
  async attempt(attempt: Attempt, readings: readonly JudgedReading[]): Promise<void> {
    for (const reading of readings) {
      const full = reading.kind === 'sample' ? this.#samples.write(reading) : undefined;
      if (full !== undefined) await full;
    }
    for (const row of telemetryRows(attempt.id, readings)) {
      const full = this.#telemetry.write(row);
      if (full !== undefined) await full;
    }
  }

  /** Everything else; the verdict last: where it is, all that it stands on is. */
  async finish(plan: Plan, replayed: Pick<Replayed, 'judgement' | 'judging'>): Promise<void> {
    const { judgement, judging } = replayed;
    for (const finding of judgement.findings) {
      const full = this.#findings.write(finding);
      if (full !== undefined) await full;
    }
    for (const sink of this.#sinks()) await sink.close();
    await writeJson(join(this.#into, 'fleet.json'), judging.fleetFile);
    await writeAtomic(
      join(this.#into, 'rejected.csv'),
      rejectedFile(judgement, rejectedContext({ plan }, replayed)),
    );
    await writeJson(join(this.#into, 'verdict.json'), judgement.verdict, VERDICT_DIGITS);
  }

  /** Leaves no file behind; after `finish` it does nothing. */
  async discard(): Promise<void> {
    for (const sink of this.#sinks()) await sink.discard();
  }

  #sinks() {
    return [this.#samples, this.#telemetry, this.#findings];
  }
}

/**
 * Replays a run and writes what follows from its evidence.
 *
 * @param into folder that gets the files: the run's own, or one under `later/`
 * @throws {HarnessError} as `replay`; DISK_FULL
 */
export async function writeResults(setup: ReplaySetup, into: string): Promise<Replayed> {
  const files = await ResultFiles.open(into);
  try {
    const replayed = await replay({
      ...setup,
      async attempt(attempt, readings) {
        await files.attempt(attempt, readings);
        await setup.attempt?.(attempt, readings);
      },
    });
    await files.finish(setup.plan, replayed);
    return replayed;
  } finally {
    await files.discard();
  }
}

/** What rows of rejected.csv are made from. */
export function rejectedContext(
  { plan }: Pick<ReplaySetup, 'plan'>,
  { judging }: Pick<Replayed, 'judging'>,
) {
  const { nodes } = judging.fleetFile;
  return { nodes, criteria: plan.criteria, metrics: judging.metrics };
}
