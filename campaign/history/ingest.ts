/** A sealed run as rows of the history: read from its own Parquet files by the database. */
import { join } from 'node:path';
import type { Subject } from '../../plan/model.ts';
import { canonical } from '../directory/canonical.ts';
import type { RunReader } from '../directory/model.ts';
import type { Database } from './database.ts';
import { placedNodes, stableSubject, type Placed } from './machines.ts';
import type { Batch, Cell, Rows } from './model.ts';
import { literal } from './tables.ts';
import { deliveryOf, fleetOf, termsOf } from './terms.ts';

/** What the run's own files don't say. */
export interface IngestOptions {
  /** The history's id. */
  readonly history: string;
  /** Its id, whatever its folder is called. */
  readonly run: string;
  /** SHA-256 of the run's manifest.json, and when it was sealed (RFC 3339). */
  readonly manifest: string;
  readonly sealedAt: string;
  readonly version: string;
  /** YYYY-MM-DD that the run counts to; absent: the day on which it was sealed. */
  readonly night?: string;
}

/** Id of a run's batch. */
export function runBatch(run: string): string {
  return `run-${run}`;
}

/**
 * The rows of a run. Its samples are staged in the database: append it before the next is made.
 *
 * @param run sealed, with its verdict
 */
export async function batchOf(
  database: Database,
  run: RunReader,
  options: IngestOptions,
): Promise<Batch> {
  const nodes = placedNodes(run, options.history);
  const night = options.night ?? options.sealedAt.slice(0, 10);
  const about = { run: options.run, purpose: run.plan.purpose ?? 'accept', night };
  await stage(database, run, nodes);
  return {
    id: runBatch(options.run),
    delivery: deliveryOf(run.plan),
    date: night,
    rows: {
      runs: [{ ...about, ...runRow(run, options, nodes) }],
      nodes: nodeRows(run, nodes).map((row) => ({ ...about, ...row })),
      points: pointRows(about, options.sealedAt),
      samples: sampleRows(about),
    },
  };
}

function runRow(
  run: RunReader,
  { manifest, sealedAt, version }: IngestOptions,
  nodes: ReadonlyMap<string, Placed>,
): Readonly<Record<string, Cell>> {
  const { plan, verdict } = run;
  const { lot } = verdict ?? {};
  return {
    sealed_at: sealedAt,
    manifest,
    version,
    origin: verdict?.origin,
    delivery: deliveryOf(plan),
    reference: plan.delivery.reference,
    provider: plan.delivery.provider,
    sku: plan.delivery.sku,
    lot: lot?.verdict,
    delivered: lot?.delivered,
    tested: lot?.tested,
    accepted: lot?.accepted,
    rejected: lot?.rejected,
    price_per_node_hour: run.private?.price?.perNodeHour,
    currency: run.private?.price?.currency,
    // What the delivery's ledger needs, once the run directory is gone; a night is in no ledger.
    record: plan.purpose === undefined ? canonical(recordOf(run, nodes, sealedAt)) : undefined,
  };
}

function recordOf(run: RunReader, placed: ReadonlyMap<string, Placed>, sealedAt: string) {
  const { plan, verdict, fleet } = run;
  return {
    sealedAt,
    terms: termsOf(plan),
    fleet: fleetOf(plan, run.private),
    plan,
    verdict,
    nodes: fleet.nodes.map(({ id, identity, domains }) => {
      const place = placed.get(id)?.place;
      return { id, identity, domains, ...(place !== undefined && { name: place }) };
    }),
    missing: fleet.missing.length,
  };
}

function nodeRows(run: RunReader, placed: ReadonlyMap<string, Placed>) {
  const words = new Map(run.verdict?.nodes.map((row) => [row.id, row] as const));
  return run.fleet.nodes.map(({ id, environment }): Readonly<Record<string, Cell>> => {
    const row = words.get(id);
    const { serial, place, rack, leaf } = placed.get(id) ?? { serial: 'unknown' };
    return {
      serial,
      node: id,
      place,
      rack,
      leaf,
      verdict: row?.verdict ?? 'not-tested',
      reason: row?.reasons[0],
      environment: canonical(environment),
    };
  });
}

/** The run's samples, its subjects and its metrics as temporary tables. */
async function stage(
  database: Database,
  run: RunReader,
  nodes: ReadonlyMap<string, Placed>,
): Promise<void> {
  const samples = literal(join(run.path, 'samples.parquet'));
  await database.run(
    `CREATE OR REPLACE TEMP VIEW run_samples AS SELECT * FROM read_parquet(${samples}, hive_partitioning = false)`,
  );
  const subjects = await database.all('SELECT DISTINCT subject FROM run_samples');
  await database.run(
    'CREATE OR REPLACE TEMP TABLE run_subjects (subject VARCHAR, stable VARCHAR, serial VARCHAR, rack VARCHAR, leaf VARCHAR)',
  );
  const columns = ['subject', 'stable', 'serial', 'rack', 'leaf'];
  const rows = subjects.map((row) => subjectRow(String(row['subject']), nodes));
  await database.fill('run_subjects', columns, rows);
  await database.run(
    'CREATE OR REPLACE TEMP TABLE run_metrics (metric VARCHAR, unit VARCHAR, better VARCHAR)',
  );
  await database.fill(
    'run_metrics',
    ['metric', 'unit', 'better'],
    run.fleet.metrics.map(({ id, unit, better }) => ({ metric: id, unit, better })),
  );
}

function subjectRow(spelled: string, nodes: ReadonlyMap<string, Placed>) {
  const subject = JSON.parse(spelled) as Subject;
  const on = 'node' in subject ? nodes.get(subject.node) : undefined;
  return {
    subject: spelled,
    stable: stableSubject(subject, nodes),
    serial: on?.serial,
    rack: on?.rack,
    leaf: on?.leaf,
  };
}

interface About {
  readonly run: string;
  readonly purpose: string;
  readonly night: string;
}

function constants({ run, purpose, night }: About): string {
  return `${literal(run)} AS run, ${literal(purpose)} AS purpose, DATE ${literal(night)} AS night`;
}

/** One point a series: the median of the run's trials. */
function pointRows(about: About, sealedAt: string): Rows {
  return {
    sql: `SELECT ${constants(about)}, TIMESTAMP ${literal(sealedAt.replace('Z', ''))} AS sealed_at,
      any_value(s.serial) AS serial, any_value(s.rack) AS rack, any_value(s.leaf) AS leaf,
      any_value(r.subject_kind) AS subject_kind, s.stable AS subject, r.metric, r.parameters,
      coalesce(any_value(m.unit), '') AS unit, coalesce(any_value(m.better), 'higher') AS better,
      count(*) AS n, median(r.value) AS value, min(r.value) AS low, max(r.value) AS high,
      any_value(r.origin) AS origin
      FROM run_samples r JOIN run_subjects s USING (subject) LEFT JOIN run_metrics m USING (metric)
      GROUP BY s.stable, r.metric, r.parameters`,
  };
}

function sampleRows(about: About): Rows {
  return {
    sql: `SELECT ${constants(about)}, s.serial, s.stable AS subject, r.metric, r.parameters, r.value,
      r.attempt, r.stream, r.sha256, r.line, r.window_start, r.window_end
      FROM run_samples r JOIN run_subjects s USING (subject)`,
  };
}
