import { unreleasedRuns } from '../../campaign/unreleased.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Leftover, Swept } from '../../runners/swept.ts';
import { command } from '../command.ts';
import { composePlan } from '../compose.ts';
import { printable, style, type Io } from '../terminal.ts';

export const sweep = command({
  usage: 'sweep <plan>',
  describe: 'Find what earlier runs left with the provider, and delete it with --yes',
  examples: [
    ['sweep lot7.yaml', 'only look: what is past its expiry, and what killed runs left'],
    ['sweep lot7.yaml --yes', 'delete that'],
    ['sweep lot7.yaml --yes --run 20261215-081500-3f2a91', "that run's alone, whatever its expiry"],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', {
        type: 'string',
        demandOption: true,
        describe: 'Plan that says which provider and account',
      })
      .option('yes', { type: 'boolean', default: false, describe: 'Delete; without it only look' })
      .option('run', {
        type: 'string',
        array: true,
        describe: 'Only these runs, by id, in place of all that is expired or was killed',
      })
      .option('out', {
        type: 'string',
        default: 'runs',
        describe: 'Folder with runs: those that were killed are meant too',
      }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan });
    const { plan } = composed;
    const runner = await composed.useRunner();
    const named = args.run ?? [];
    const request = {
      apply: args.yes,
      runs: named.length > 0 ? named : await unreleasedRuns(args.out, plan.fleet.runner),
      expired: named.length === 0,
      now: new Date(),
      standIn: plan.fleet.standIn === true,
    };
    const swept = await runner.sweep?.(request, io.signal);
    if (swept === undefined) {
      throw new HarnessError('USAGE', `runner ${plan.fleet.runner} makes nothing to sweep`, {
        hint: 'Give a plan whose runner provisions.',
      });
    }
    if (io.json) io.event({ schema: 'assay/sweep/1', applied: args.yes, ...swept });
    else tell(swept, args.yes, io);
    const left = swept.leftovers.some(({ state }) => state === 'left');
    return left || swept.blind.length > 0 ? 4 : 0;
  },
});

function tell({ leftovers, blind }: Swept, applied: boolean, io: Io): void {
  for (const one of leftovers) io.out(line(one, io));
  for (const { where, reason } of blind) {
    io.out(`${style(io, 'red', 'not looked at')}  ${printable(`${where}: ${reason}`)}`);
  }
  const found = leftovers.length;
  const gone = leftovers.filter(({ state }) => state === 'deleted').length;
  if (applied) io.out(`${gone} deleted, ${found - gone} left`);
  else io.out(found === 0 ? 'nothing found' : `${found} found; --yes deletes them`);
}

function line({ state, kind, id, where, run, expires, reason }: Leftover, io: Io): string {
  const word = state === 'left' ? style(io, 'red', state) : state;
  const until = expires === undefined ? '' : `, expires ${expires}`;
  const why = reason === undefined ? '' : `: ${reason}`;
  return `${word}  ${printable(`${kind} ${id} in ${where}, run ${run}${until}${why}`)}`;
}
