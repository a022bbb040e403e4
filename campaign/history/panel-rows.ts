/** The history as detection wants it: panels of series, and a night's values of each. */
import type { Parameters } from '../../plan/model.ts';
import type { DeliveryRun, Repeatability } from '../../verdicts/model.ts';
import type { Read } from './database.ts';
import type { History } from './store.ts';
import { literal } from './tables.ts';

/** One metric with its parameters on all subjects of one kind. */
export interface PanelKey {
  readonly metric: string;
  readonly parameters: Parameters;
  /** As stored: sorted keys. */
  readonly spelled: string;
  readonly kind: 'node' | 'accelerator' | 'link';
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

/** A subject's value in one night. */
export interface PanelValue {
  readonly subject: string;
  readonly value: number;
  /** Trials behind it. */
  readonly n: number;
}

/** Metrics that only say again what `.busbw` says would raise each alarm three times. */
const REPEATED = /^nccl\..*\.(?:time|algbw)$/u;

const OF_DELIVERY = 'p.run IN (SELECT run FROM runs WHERE delivery = $delivery)';
const LEVELS =
  "p.subject_kind IN ('node', 'accelerator', 'link') AND p.unit <> '' AND p.value > 0 AND isfinite(p.value)";

/**
 * Panels of what a delivery's runs measured.
 *
 * @param night YYYY-MM-DD; absent: on any
 */
export async function panelKeys(
  history: History,
  delivery: string,
  night?: string,
): Promise<readonly PanelKey[]> {
  const rows = await history.database.all(
    `SELECT p.metric, p.parameters, p.subject_kind AS kind, max(p.unit) AS unit, max(p.better) AS better
     FROM points p WHERE ${OF_DELIVERY} AND ${LEVELS}${night === undefined ? '' : ' AND p.night = $night::DATE'}
     GROUP BY ALL ORDER BY p.metric, p.parameters, kind`,
    { delivery, ...(night !== undefined && { night }) },
  );
  return rows.filter(({ metric }) => !REPEATED.test(String(metric))).map((row) => keyFrom(row));
}

function keyFrom(row: Readonly<Record<string, Read>>): PanelKey {
  return {
    metric: String(row['metric']),
    parameters: JSON.parse(String(row['parameters'])) as Parameters,
    spelled: String(row['parameters']),
    kind: row['kind'] as PanelKey['kind'],
    unit: String(row['unit']),
    better: row['better'] === 'lower' ? 'lower' : 'higher',
  };
}

/**
 * Values of one night (or of one run), by panel: `metric`, a line end, spelled parameters, a line end, kind.
 *
 * @param of a night's runs, a fresh run, or all acceptance runs
 */
export async function valuesOf(
  history: History,
  delivery: string,
  of: { readonly night: string } | { readonly run: string } | { readonly accepted: true },
): Promise<ReadonlyMap<string, readonly PanelValue[]>> {
  const which =
    'night' in of
      ? "p.purpose = 'nightly' AND p.night = $of::DATE"
      : 'run' in of
        ? 'p.run = $of'
        : 'p.purpose = $of AND p.n > 0';
  const bound = 'night' in of ? of.night : 'run' in of ? of.run : 'accept';
  const rows = await history.database.all(
    `SELECT p.metric, p.parameters, p.subject_kind AS kind, p.subject, median(p.value) AS value, sum(p.n)::INTEGER AS n
     FROM points p WHERE ${OF_DELIVERY} AND ${LEVELS} AND ${which}
     GROUP BY ALL ORDER BY p.subject`,
    { delivery, of: bound },
  );
  const panels = new Map<string, PanelValue[]>();
  for (const row of rows) {
    const key = `${String(row['metric'])}\n${String(row['parameters'])}\n${String(row['kind'])}`;
    const value = {
      subject: String(row['subject']),
      value: Number(row['value']),
      n: Number(row['n']),
    };
    const own = panels.get(key);
    if (own === undefined) panels.set(key, [value]);
    else own.push(value);
  }
  return panels;
}

/** The key of a panel in `valuesOf`. */
export function keyOf({ metric, spelled, kind }: PanelKey): string {
  return `${metric}\n${spelled}\n${kind}`;
}

/** Repeatability that the last acceptance run measured or was given, by metric; empty where there was none. */
export async function acceptedRepeatability(
  history: History,
  delivery: string,
): Promise<readonly Repeatability[]> {
  const [row] = await history.database.all(
    `SELECT record FROM runs WHERE delivery = $delivery AND purpose = 'accept' AND record IS NOT NULL
     ORDER BY sealed_at DESC LIMIT 1`,
    { delivery },
  );
  if (row === undefined) return [];
  const { verdict } = JSON.parse(String(row['record'])) as DeliveryRun;
  const judged = verdict.errorRates.repeatability.filter(
    ({ from, sigma, degrees }) => from !== 'none' && sigma > 0 && degrees > 0,
  );
  return [...judged, ...(await repeatsOf(history, delivery))];
}

/** Scatter of the trials of acceptance about each part's mean, pooled: where the judge had too few parts to say. */
async function repeatsOf(history: History, delivery: string): Promise<readonly Repeatability[]> {
  const rows = await history.database.all(
    `WITH parts AS (SELECT metric, parameters, subject, run, var_samp(ln(value)) AS variance, count(*) AS n
       FROM samples WHERE purpose = 'accept' AND value > 0
       AND run IN (SELECT run FROM runs WHERE delivery = $delivery) GROUP BY ALL HAVING count(*) > 1)
     SELECT metric, parameters, sqrt(sum(variance * (n - 1)) / sum(n - 1)) AS sigma, sum(n - 1) AS degrees
     FROM parts GROUP BY ALL ORDER BY metric, parameters`,
    { delivery },
  );
  return rows
    .map((row) => ({
      metric: String(row['metric']),
      parameters: JSON.parse(String(row['parameters'])) as Parameters,
      sigma: Number(row['sigma']),
      classical: Number(row['sigma']),
      degrees: Number(row['degrees']),
      from: 'history' as const,
      round: 0,
    }))
    .filter(({ sigma }) => sigma > 0);
}

/** A machine as it was seen last. */
export interface SeenMachine {
  readonly serial: string;
  readonly place?: string;
  readonly rack?: string;
  readonly leaf?: string;
  /** Night on which something was measured on it; absent: never. */
  readonly night?: string;
}

/** Days that are looked back on for a machine; one that was not there since is looked for by its serial. */
const RECENT = 35;
const DAY = 24 * 3600 * 1000;

/** What was read of each history last: a night asks for its machines many times between two commits. */
const seen = new WeakMap<
  History,
  {
    readonly generation: number;
    readonly delivery: string;
    readonly machines: readonly SeenMachine[];
  }
>();

/** Every machine of a delivery, with the last night on which it was tested. */
export async function machinesOf(
  history: History,
  delivery: string,
): Promise<readonly SeenMachine[]> {
  const { generation } = history.catalogue;
  const last = seen.get(history);
  if (last?.generation === generation && last.delivery === delivery) return last.machines;
  const machines = await readMachines(history, delivery);
  seen.set(history, { generation, delivery, machines });
  return machines;
}

async function readMachines(history: History, delivery: string): Promise<readonly SeenMachine[]> {
  const { database } = history;
  const [row] = await database.all(
    'SELECT max(night) AS last FROM runs WHERE delivery = $delivery',
    { delivery },
  );
  const last = row?.['last'];
  if (last === null || last === undefined) return [];
  const since = new Date(Date.parse(String(last)) - RECENT * DAY).toISOString().slice(0, 10);
  const recent = await machinesWhere(history, delivery, `night >= DATE ${literal(since)}`);
  const known = new Set(recent.map(({ serial }) => serial));
  const all = await database.all(
    'SELECT DISTINCT serial FROM nodes WHERE run IN (SELECT run FROM runs WHERE delivery = $delivery)',
    { delivery },
  );
  const gone = all.map(({ serial }) => String(serial)).filter((serial) => !known.has(serial));
  // A list of serials reads few row groups, as files are in their order.
  const list = gone.map((serial) => literal(serial)).join(', ');
  const long =
    gone.length === 0 ? [] : await machinesWhere(history, delivery, `serial IN (${list})`);
  return [...recent, ...long].sort((a, b) => (a.serial < b.serial ? -1 : 1));
}

/** @param which a condition on `night` or `serial` */
async function machinesWhere(
  history: History,
  delivery: string,
  which: string,
): Promise<readonly SeenMachine[]> {
  const rows = await history.database.all(
    `WITH own AS (SELECT run FROM runs WHERE delivery = $delivery),
     seen AS (SELECT serial, max(night) AS night FROM points WHERE ${which}
       AND run IN (SELECT run FROM own) AND purpose <> 'confirm' AND serial IS NOT NULL GROUP BY serial),
     stood AS (SELECT * FROM nodes WHERE ${which} AND run IN (SELECT run FROM own))
     SELECT n.serial, arg_max(n.place, n.run) AS place, arg_max(n.rack, n.run) AS rack,
       arg_max(n.leaf, n.run) AS leaf, any_value(s.night) AS night
     FROM stood n LEFT JOIN seen s ON n.serial = s.serial GROUP BY n.serial`,
    { delivery },
  );
  return rows.map((row) => ({
    serial: String(row['serial']),
    ...text(row, 'place'),
    ...text(row, 'rack'),
    ...text(row, 'leaf'),
    ...text(row, 'night'),
  }));
}

/** A field that is there. */
function text(row: Readonly<Record<string, Read>>, name: 'place' | 'rack' | 'leaf' | 'night') {
  const value = row[name];
  return value === null || value === undefined ? {} : { [name]: String(value) };
}

/**
 * Links and the last night on which each was measured: subject → YYYY-MM-DD.
 *
 * @param since YYYY-MM-DD
 */
export async function linksSeen(
  history: History,
  delivery: string,
  since: string,
): Promise<ReadonlyMap<string, string>> {
  const rows = await history.database.all(
    `SELECT p.subject, max(p.night) AS night FROM points p
     WHERE ${OF_DELIVERY} AND p.subject_kind = 'link' AND p.night >= $since::DATE GROUP BY p.subject`,
    { delivery, since },
  );
  return new Map(rows.map(({ subject, night }) => [String(subject), String(night)] as const));
}
