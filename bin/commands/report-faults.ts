import { join } from 'node:path';
import { writeLater } from '../../campaign/directory/later.ts';
import { writeJson } from '../../campaign/directory/json.ts';
import { wholePlan } from '../../campaign/directory/private.ts';
import { openRun, type OpenRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Fault, FaultReport } from '../../runners/model.ts';
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
      const faults = await faultsOf(run);
      const standIn = fleet.standIn === true;
      const reports = await runner.reportFaults(faults, args.send, standIn, io.signal);
      const file = { schema: 'assay/faults/1', sent: args.send, reports } as const;
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

/** Rejected nodes, with when they were seen to be so. */
async function faultsOf(run: OpenRun): Promise<readonly Fault[]> {
  if (run.verdict === undefined) {
    throw new HarnessError('RUN_UNREADABLE', `${run.path} has no verdict yet`, {
      hint: 'Bring it to its end with `assay resume` first.',
    });
  }
  const seen = new Map<string, { from: string; to: string }>();
  for await (const { trial, startedAt, seconds } of run.attempts()) {
    const end = new Date(Date.parse(startedAt) + seconds * 1000).toISOString();
    for (const node of trial.nodes) {
      const { from, to } = seen.get(node) ?? { from: startedAt, to: end };
      seen.set(node, { from: from < startedAt ? from : startedAt, to: to > end ? to : end });
    }
  }
  const known = new Map(run.fleet.nodes.map((node) => [node.id, node]));
  return run.verdict.nodes.flatMap(({ id, verdict, reasons }) => {
    const span = seen.get(id);
    if (verdict !== 'fail' || span === undefined) return [];
    return [{ node: id, identity: known.get(id)?.identity ?? [], reasons, ...span }];
  });
}

function tell(reports: readonly FaultReport[], sent: boolean, io: Io): void {
  if (reports.length === 0) io.out('no rejected node: nothing to report');
  for (const { node, operation, request, sent: answer, problem } of reports) {
    io.out(printable(`${node}: ${operation} ${JSON.stringify(request)}`));
    if (answer !== undefined) io.out(printable(`  sent: ${answer}`));
    if (problem !== undefined) io.out(printable(`  not sent: ${problem}`));
  }
  if (!sent && reports.length > 0) io.out('not sent; --send does');
}
