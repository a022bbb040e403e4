import { join } from 'node:path';
import { faultsOf } from '../../campaign/faults.ts';
import { writeLater } from '../../campaign/directory/later.ts';
import { writeJson } from '../../campaign/directory/json.ts';
import type { FaultsFile } from '../../campaign/directory/model.ts';
import { wholePlan } from '../../campaign/directory/private.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { FaultReport } from '../../runners/model.ts';
import { command } from '../command.ts';
import { composeRun } from '../compose.ts';
import { printable, type Io } from '../terminal.ts';
import { version } from '../version.ts';

export const reportFaults = command({
  usage: 'report-faults <run>',
  describe: "Prepare the provider's own report of each rejected node, and send it with --send",
  examples: [
    ['report-faults runs/20261215-081500-3f2a91', 'what would be sent'],
    ['report-faults runs/20261215-081500-3f2a91 --send', 'send it; kept in later/<n>/'],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .option('send', { type: 'boolean', default: false, describe: 'Send; without it only show' }),
  async run(args, io) {
    const composed = await composeRun(await wholePlan(args.run));
    const runner = await composed.useRunner();
    const { fleet } = composed.plan;
    if (runner.reportFaults === undefined) {
      throw new HarnessError('USAGE', `runner ${fleet.runner} has no provider to tell`, {
        hint: 'Send the notice that `assay report RUN --challenge FOLDER` makes.',
      });
    }
    const run = await openRun(args.run);
    try {
      if (run.verdict === undefined) {
        throw new HarnessError('RUN_UNREADABLE', `${run.path} has no verdict yet`, {
          hint: 'Bring it to its end with `assay resume` first.',
        });
      }
      const faults = await faultsOf(run);
      const standIn = fleet.standIn === true;
      const reports = await runner.reportFaults(faults, args.send, standIn, io.signal);
      const file: FaultsFile = { schema: 'assay/faults/1', sent: args.send, reports };
      if (args.send) {
        const about = { kind: 'faults', version: version(), at: new Date() };
        await writeLater(args.run, about, (folder) => writeJson(join(folder, 'faults.json'), file));
      }
      if (io.json) io.event(file);
      else tell(reports, args.send, io);
      return reports.some(({ problem }) => problem !== undefined) ? 4 : 0;
    } finally {
      await run.close();
    }
  },
});

function tell(reports: readonly FaultReport[], sent: boolean, io: Io): void {
  if (reports.length === 0) io.out('no rejected node: nothing to report');
  for (const { node, operation, request, sent: answer, problem } of reports) {
    io.out(printable(`${node}: ${operation} ${JSON.stringify(request)}`));
    if (answer !== undefined) io.out(printable(`  sent: ${answer}`));
    if (problem !== undefined) io.out(printable(`  not sent: ${problem}`));
  }
  if (!sent && reports.length > 0) io.out('not sent; --send does');
}
