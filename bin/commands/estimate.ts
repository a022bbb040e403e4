import type { Estimate } from '../../campaign/estimate.ts';
import { command } from '../command.ts';
import { composePlan } from '../compose.ts';
import { forecast, type Forecast } from '../forecast.ts';
import type { ForecastPairs } from '../pair-prices.ts';
import type { Price } from '../../verdicts/localisation/price.ts';
import { printable, type Io } from '../terminal.ts';

export const estimate = command({
  usage: 'estimate [plan]',
  describe: 'Trials, node-hours, wall time, cost, and the error rates they buy',
  examples: [
    ['estimate lot7.yaml', 'before anything starts'],
    ['estimate lot7.yaml --like runs/20261215T081500Z-3f2a', "with that run's nodes and durations"],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'Plan file; left out: this machine' })
      .option('like', { type: 'string', describe: 'An earlier run (or `nodes --judge`) here' }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan });
    const told = await forecast(composed, args.like);
    if (io.json) io.event({ schema: 'assay/estimate/1', ...told });
    else show(told, composed.plan.delivery.price?.currency, io);
    return 0;
  },
});

function show(told: Forecast, currency: string | undefined, io: Io): void {
  io.out(`${told.nodes} nodes, ${told.decisions} decisions`);
  const row = (name: string, one: (estimate: Estimate) => string) => {
    io.out(
      `  ${name.padEnd(12)} ${one(told.expected).padStart(12)} ${one(told.worst).padStart(12)}`,
    );
  };
  io.out(`  ${''.padEnd(12)} ${'expected'.padStart(12)} ${'worst'.padStart(12)}`);
  row('trials', ({ trials }) => String(trials));
  row('rounds', ({ rounds }) => String(rounds));
  row('wall time', ({ wallTime }) => duration(wallTime));
  row('node-hours', ({ nodeHours }) => nodeHours.toFixed(1));
  if (told.expected.cost !== undefined) {
    row('cost', ({ cost }) => `${(cost ?? 0).toFixed(0)} ${currency ?? ''}`);
  }
  for (const one of told.pairs) showPairs(one, io);
  for (const one of told.criteria) {
    if (one.characteristic.length === 0) {
      io.out(printable(`${one.id}: ${one.rule ?? ''}`));
      continue;
    }
    const sigma = `${((one.sigma ?? 0) * 100).toFixed(2)} %${one.assumed ? ' (assumed)' : ''}`;
    io.out(
      printable(
        `${one.id}: d ${one.d?.toFixed(2)}, sigma ${sigma}, at most ${one.maxTrials} trials`,
      ),
    );
    io.out('  true value            pass    fail  inconclusive  trials');
    for (const { truth, pass, fail, inconclusive, trials } of one.characteristic) {
      const cells = [
        truthText(truth).padEnd(18),
        pass.toFixed(4).padStart(7),
        fail.toFixed(4).padStart(7),
        inconclusive.toFixed(4).padStart(13),
        trials.toFixed(1).padStart(7),
      ];
      io.out(`  ${cells.join(' ')}`);
    }
  }
}

function showPairs(one: ForecastPairs, io: Io): void {
  const sigma = `${(one.sigma * 100).toFixed(2)} %${one.assumed ? ' (assumed)' : ''}`;
  io.out(printable(`${one.case}: d′ ${one.distance.toFixed(1)}, sigma_pair ${sigma}`));
  io.out(
    `  ${''.padEnd(32)} ${'rounds'.padStart(7)} ${'minutes'.padStart(10)} ${'node-hours'.padStart(12)}`,
  );
  const row = (name: string, { rounds, wallTime, nodeHours }: Price) => {
    const cells = [
      name.padEnd(32),
      String(rounds).padStart(7),
      (wallTime / 60).toFixed(1).padStart(10),
      nodeHours.toFixed(1).padStart(12),
    ];
    io.out(`  ${cells.join(' ')}`);
  };
  row('pairs, run twice: sigma', one.placed);
  if (one.search === undefined) io.out('  d′ is too small to search by: measure longer');
  else {
    const { screen, confirm, missed, false: wrong } = one.search;
    row(`screen ${screen} + confirm ${confirm}`, one.search);
    io.out(`    expected: ${missed.toPrecision(1)} missed, ${wrong.toPrecision(1)} false`);
  }
  row(`full sweep${one.bought ? ' (bought)' : ''}`, one.sweep);
}

function truthText(truth: number): string {
  if (truth === 1) return 'at nominal';
  if (truth === 0) return 'at the limit';
  return truth > 0 ? `${truth} of the way` : `${-truth} Δ below limit`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
