import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accept } from '../../campaign/accept.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import type { RunReader } from '../../campaign/directory/model.ts';
import type { CampaignResult } from '../../campaign/setup.ts';
import { command } from '../command.ts';
import { campaignSetup, composePlan, type Composed } from '../compose.ts';
import { runExit } from '../exit-code.ts';
import { jsonProgress, textProgress } from '../narrator.ts';
import { readinessPlan } from '../readiness.ts';
import { tellEnd } from '../summary.ts';
import { printable, type Io } from '../terminal.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

export const nodes = command({
  usage: 'nodes [plan]',
  describe: 'Who would be tested: identity, parts, drivers; --judge: readiness as findings',
  examples: [
    ['nodes lot7.yaml', 'a line a node'],
    [
      'nodes lot7.yaml --judge',
      'in minutes: is each node fit to be tested? rejected.csv by serial',
    ],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'Plan file; left out: this machine' })
      .option('judge', { type: 'boolean', default: false, describe: 'Readiness, as a verdict' })
      .option('out', { type: 'string', default: 'runs', describe: '--judge: folder for runs' }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan });
    if (args.judge) {
      const result = await take(composed, args.out, io, true);
      if (result.sealed) io.verdictAt(join(result.path, 'verdict.json'));
      tellEnd(result, io);
      return runExit(result);
    }
    const scratch = await mkdtemp(join(tmpdir(), 'assay-nodes-'));
    try {
      const { path, unreleased } = await take(composed, scratch, io, false);
      const run = await openRun(path);
      try {
        show(run, io);
      } finally {
        await run.close();
      }
      return unreleased.length > 0 ? 4 : 0;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
});

/** Inventory alone, through the same campaign as everything else. */
async function take(composed: Composed, out: string, io: Io, judged: boolean) {
  const plan = readinessPlan(composed.plan);
  const units = { inventory: composed.units.inventory, suites: [] };
  const setup = await campaignSetup({ ...composed, plan, units }, version(), io.signal);
  const events = io.json ? jsonProgress(io) : textProgress(io);
  const result: CampaignResult = await accept(plan, {
    ...setup,
    out,
    ...((judged || !io.json) && { progress: events }),
    ...(judged && {
      report: async (run: RunReader) => {
        await writeReports(run, STANDARD_REPORTS, run.path);
      },
    }),
  });
  return result;
}

function show(run: RunReader, io: Io): void {
  const { fleet, private: names } = run;
  if (io.json) {
    io.event({ schema: 'assay/nodes/1', fleet, names: names?.nodes ?? [] });
    return;
  }
  const nameOf = new Map(names?.nodes.map((node) => [node.id, node.name]));
  for (const { id, identity, accelerators, domains, environment } of fleet.nodes) {
    const [first] = identity;
    const models = new Map<string, number>();
    for (const { model } of accelerators) models.set(model, (models.get(model) ?? 0) + 1);
    const parts = [...models].map(([model, count]) => `${count} × ${model}`).join(', ');
    const places = domains
      .map((domain) => `${domain.kind} ${domain.id} (${domain.from})`)
      .join(', ');
    const known = first === undefined ? 'no identity' : `${first.kind}:${first.value}`;
    const words = [parts || 'no accelerator', places, environment['driver'] ?? ''];
    const line = [id, nameOf.get(id) ?? '', known, ...words].filter((word) => word !== '');
    io.out(printable(line.join('  ')));
  }
  for (const { node, code, reason } of fleet.missing) {
    io.out(printable(`${node}  missing: ${code}: ${reason}`));
  }
  for (const { fact, nodes: where, why } of fleet.lost) {
    io.out(printable(`not readable: ${fact} on ${where.length} nodes: ${why}`));
  }
}
