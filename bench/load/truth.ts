/** Our figures against the server's log of its sends, at several rates; and the highest rate we still report. */
import { requestId } from '../../suites/inference/load/target.ts';
import type { Row } from '../bench.ts';
import { CHUNKS, ending, measured, quantile } from './sides.ts';

const RATES = [10, 100, 300] as const;
/** Rates tried above, until one is refused. */
const HIGHER = [450, 600] as const;
/** Between the quick and the slow answers: where the times are dense, a hair's breadth would turn requests. */
const SLO = { ttft: 0.18, tpot: 0.02 };
const SERVER = { slow: 0.05 };
const SETTLE = 1;
const ALLOWED = 0.02;

export async function truth(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const rate of RATES) rows.push(...(await atRate(rate)));
  let held = 0;
  let refused = '';
  for (const rate of [300, ...HIGHER]) {
    const { loaded } = await measured({
      rates: [`${rate} req/s`],
      settle: '1 s',
      window: `${Math.max(2, 200 / rate)} s`,
    });
    if (loaded.outcome.status !== 'measured') {
      refused = ` (${rate}: ${ending(loaded)})`;
      break;
    }
    held = rate;
  }
  return [
    ...rows,
    {
      figure: `highest rate reported × ${CHUNKS} chunks, one core, requests/s${refused}`,
      measured: held,
      target: '>= 300',
      met: held >= 300,
    },
  ];
}

async function atRate(rate: number): Promise<Row[]> {
  const window = Math.max(6, Math.min(15, 600 / rate));
  const { loaded, sent } = await measured(
    {
      rates: [`${rate} req/s`],
      settle: `${SETTLE} s`,
      window: `${window} s`,
      slo: { ttft: `${SLO.ttft * 1e3} ms`, tpot: `${SLO.tpot * 1e3} ms` },
    },
    SERVER,
  );
  if (loaded.outcome.status !== 'measured') {
    return [
      { figure: `${rate}/s: figures`, measured: ending(loaded), target: 'measured', met: false },
    ];
  }
  const [epoch = 0] = loaded.epochs;
  const all = loaded.rows.map(([, row]) => row).sort((a, b) => a.index - b.index);
  // Ours keeps of the warm-up what the steady-state rule lets it keep; the log is asked for the same requests.
  const total = SETTLE * rate + window * rate;
  const kept = Math.round(
    loaded.readings.flatMap((one) =>
      one.kind === 'sample' && one.tally !== undefined ? [one.tally.of] : [],
    )[0] ?? 0,
  );
  const own = all.slice(Math.ceil(total) - kept).map((row) => {
    const log = sent.get(requestId(0, row.index));
    const first = (log?.sends[0] ?? 0) - epoch;
    const last = (log?.sends.at(-1) ?? 0) - epoch;
    const ttft = first - row.scheduled;
    return {
      ttft,
      e2e: last - row.scheduled,
      tpot_excl_ttft: (last - first) / (CHUNKS - 1),
      last,
      at: row.scheduled,
    };
  });
  const rows = (['ttft', 'tpot_excl_ttft', 'e2e'] as const).flatMap((metric) =>
    [0.5, 0.9, 0.99].flatMap((percentile) => {
      const ours = loaded.value(metric, percentile);
      if (ours === undefined) return [];
      const real = quantile(
        own.map((one) => one[metric]),
        percentile,
      );
      return [compared(`${rate}/s: ${metric} p${percentile * 100}, ms`, ours * 1e3, real * 1e3)];
    }),
  );
  const good = own.filter((one) => one.ttft <= SLO.ttft && one.tpot_excl_ttft <= SLO.tpot).length;
  const seconds = Math.max(...own.map((one) => one.last)) - Math.min(...own.map((one) => one.at));
  return [
    ...rows,
    compared(`${rate}/s: goodput, requests/s`, loaded.value('goodput') ?? 0, good / seconds),
  ];
}

function compared(figure: string, ours: number, real: number): Row {
  const error = ours / real - 1;
  return {
    figure,
    measured: `${ours.toPrecision(5)} (${(error * 100).toFixed(2)} %)`,
    peer: `${real.toPrecision(5)} (the server's log)`,
    target: '± 2 %',
    met: Math.abs(error) <= ALLOWED,
  };
}
