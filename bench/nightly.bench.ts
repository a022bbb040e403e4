/** False alarms and delays of `assay nightly`'s detection, on simulated fleets, beside Apache Otava at its defaults. */
import type { Bench, Row } from './bench.ts';
import { annotatedRows } from './nightly/annotated.ts';
import { boundOf } from './nightly/bound.ts';
import type { Culprit, Delay } from './nightly/delay.ts';
import { SIGMA } from './nightly/fleet.ts';
import { KINDS, type Kind } from './nightly/noise.ts';
import { askOtava, asOtava, type Alerts, type Question } from './nightly/otava.ts';
import type { StableFleet } from './nightly/stable.ts';
import type { Task } from './nightly/worker.ts';
import { startWorkers, type Workers } from './nightly/workers.ts';
import { numberAfter } from './prepare.ts';

const KIND_NAMES = Object.keys(KINDS) as Kind[];
const SIZE = { nodes: 1000, metrics: 20, nights: 180 } as const;
const QUICK = { nodes: 200, metrics: 5, nights: 180 } as const;
/** Fleets in all, shared out evenly over the kinds; series of a kind that Otava looks at. */
const FLEETS = 200;
const OTAVA_SERIES = 96;
const LOSSES = [0.02, 0.03, 0.05, 0.1] as const;
const CULPRITS: readonly Culprit[] = ['node', 'rack', 'fleet'];
/** Panels a cell: with 16 nodes, 3 racks or 1 fleet in each. */
const PANELS = { node: 3, rack: 10, fleet: 40 } as const;
/** Relative loss a night of the slow decay. */
const DRIFT = 0.0003;
const TARGET = { told: 1, nights: 5 } as const;

/** `--fleets N`: in all; `--kinds a,b`: of these kinds of noise only; `--quick`: small fleets, for a look. */
export const bench: Bench = async (words) => {
  const quick = words.includes('--quick');
  const size = quick ? QUICK : SIZE;
  const fleets = Math.ceil((numberAfter(words, '--fleets') ?? (quick ? 16 : FLEETS)) / 4);
  const rows: Row[] = [];
  const questions: Question[] = [];
  const asked = words[words.indexOf('--kinds') + 1]?.split(',');
  const kinds = words.includes('--kinds')
    ? KIND_NAMES.filter((kind) => asked?.includes(kind))
    : KIND_NAMES;
  const workers = startWorkers();
  try {
    for (const kind of kinds) {
      rows.push(...(await stable(workers, kind, fleets, size, questions)));
    }
    rows.push(port(questions));
    for (const kind of kinds) {
      for (const culprit of CULPRITS) rows.push(...(await delays(workers, kind, culprit, quick)));
    }
  } finally {
    workers.close();
  }
  return [...rows, ...annotatedRows()];
};

async function stable(
  workers: Workers,
  kind: Kind,
  fleets: number,
  size: typeof SIZE | typeof QUICK,
  questions: Question[],
): Promise<Row[]> {
  const began = performance.now();
  const all = await workers.run<StableFleet>(
    Array.from({ length: fleets }, (_, fleet) => ({ what: 'stable', kind, fleet, size })),
  );
  const seconds = (performance.now() - began) / 1000;
  const levels = all.flatMap((one) => one.levels).slice(0, OTAVA_SERIES);
  const alerts = await workers.run<Alerts>(levels.map((level) => ({ what: 'otava', level })));
  // The package itself looks at every fourth series, whole and as it stood on one night.
  for (const [at, level] of levels.entries()) {
    if (at % 4 !== 0) continue;
    const values = level.map(Math.exp);
    for (const night of [values.length, 60 + at]) {
      questions.push({ values: values.slice(0, night), window: 50, maxP: 0.001 });
    }
  }
  const mean = (of: (one: StableFleet) => number) =>
    all.reduce((sum, one) => sum + of(one), 0) / all.length;
  const told = mean((one) => one.told);
  const share = alerts.filter((one) => one.all > 0).length / alerts.length;
  const perSeries = alerts.reduce((sum, one) => sum + one.all, 0) / alerts.length;
  const worse = alerts.reduce((sum, one) => sum + one.worse, 0) / alerts.length;
  const name = `stable, ${kind}: ${fleets} fleets, ${size.nodes} nodes, ${size.metrics} metrics, ${size.nights} nights`;
  const by: Record<string, number> = {};
  for (const one of all) {
    for (const [key, count] of Object.entries(one.by)) by[key] = (by[key] ?? 0) + count;
  }
  const split = Object.entries(by).map(([key, count]) => `${key} ${count}`);
  return [
    {
      figure: `${name}: told alarms a fleet`,
      measured: `${told.toFixed(2)} (${split.join(', ') || 'none'}; most in a fleet ${Math.max(...all.map((one) => one.told))}; ${mean((one) => one.raised).toFixed(1)} raised, ${mean((one) => one.freshRuns).toFixed(0)} fresh runs a fleet)`,
      peer: `Otava at its defaults, our port, ${alerts.length} of the same fleet series: ${(100 * share).toFixed(0)} % of series alert; ${perSeries.toFixed(2)} alerts a series (${worse.toFixed(2)} for the worse) = ${(size.metrics * perSeries).toFixed(0)} a fleet`,
      target: `<= ${TARGET.told}`,
      met: told <= TARGET.told,
    },
    {
      figure: `${kind}: time of one metric's night, ${size.nodes} nodes, simulation included`,
      measured: `${((2e6 * seconds) / (fleets * size.metrics * size.nights)).toFixed(0)} µs of a thread`,
    },
  ];
}

/** Whether our port finds what the package finds. */
function port(questions: readonly Question[]): Row {
  const answers = askOtava(questions);
  const figure = `our port beside apache-otava 0.8.0 on ${questions.length} of those series`;
  if (answers === undefined) {
    return { figure, measured: 'apache-otava could not be installed', target: 'equal', met: false };
  }
  const equal = questions.filter(({ values }, at) => {
    return JSON.stringify(asOtava(values)) === JSON.stringify(answers[at]);
  }).length;
  return {
    figure,
    measured: `${equal} equal`,
    peer: `${answers.filter((one) => one.length > 0).length} with a point`,
    target: `${questions.length} equal`,
    met: equal === questions.length,
  };
}

async function delays(
  workers: Workers,
  kind: Kind,
  culprit: Culprit,
  quick: boolean,
): Promise<Row[]> {
  const panels = quick ? Math.ceil(PANELS[culprit] / 5) : PANELS[culprit];
  const { rho } = KINDS[kind];
  // 3 sigma of a night's value; and, where nights resemble each other, of what they are worth (STATISTICS 4.3).
  const effective = 3 * SIGMA.node * Math.sqrt((1 + rho) / (1 - rho));
  const cells = [
    ...LOSSES.map((loss) => ({ what: 'step' as const, loss })),
    ...(rho > 0 ? [{ what: 'step' as const, loss: effective }] : []),
    { what: 'drift' as const, loss: DRIFT },
  ];
  const tasks: Task[] = cells.flatMap(({ what, loss }) =>
    Array.from({ length: panels }, (_, panel) => ({ what, kind, culprit, loss, panel })),
  );
  const all = await workers.run<readonly Delay[]>(tasks);
  return cells.map(({ what, loss }, cell) => {
    const found = all.slice(cell * panels, (cell + 1) * panels).flat();
    const nights = found.map((one) => one.nights).sort((a, b) => a - b);
    const median = nights[nights.length >> 1] as number;
    const late = nights[Math.floor(0.9 * nights.length)] as number;
    const told = found.filter((one) => one.nights < Infinity);
    const named = told.filter((one) => one.named).length;
    const offs = told.map((one) => Math.abs(one.off)).sort((a, b) => a - b);
    const lost = what === 'drift' ? `, ${(100 * loss * median).toFixed(1)} % lost by then` : '';
    const since = what === 'step' ? `; change point off by ${offs[offs.length >> 1] ?? '-'}` : '';
    const three = what === 'step' && loss === 3 * SIGMA.node;
    const bound = three || (what === 'step' && loss === effective);
    const size = `loss of ${Number((loss * 100).toFixed(1))} %${three ? ' (3 sigma)' : bound ? ' (3 sigma with the autocorrelation in it)' : ''}`;
    const least = three && culprit === 'node' ? boundOf(kind) : undefined;
    return {
      figure: `${kind}, ${culprit}: ${what === 'step' ? size : `drift of ${(loss * 100).toFixed(2)} % a night`}`,
      measured: `told after ${median} nights (median; 90 %: ${late})${lost}; ${told.length} of ${found.length} told, ${named} by the right name${since}`,
      ...(least !== undefined && {
        peer: `a CUSUM that knows level, sigma and autocorrelation, at one false alarm in 5 million nights: ${least}${least > TARGET.nights ? `: the target can't be had from nightly values` : ''}; ours is ${median - least} later`,
      }),
      ...(bound
        ? { target: `median <= ${TARGET.nights} nights`, met: median <= TARGET.nights }
        : {}),
    };
  });
}
