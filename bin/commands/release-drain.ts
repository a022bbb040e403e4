import { join, relative } from 'node:path';
import { readFile } from 'node:fs/promises';
import { writeJson } from '../../campaign/directory/json.ts';
import { laterFolders, writeLater } from '../../campaign/directory/later.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import { isThere } from '../../campaign/directory/writer.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Serviced, ServiceMark } from '../../runners/model.ts';
import { command } from '../command.ts';
import { composeRun } from '../compose.ts';
import { printable, type Io } from '../terminal.ts';
import { version } from '../version.ts';

/** In `later/<n>/`, by a `release-drain`. */
const FILE = 'drain.json';

interface Drained {
  readonly node: string;
  readonly name: string;
  readonly mark: ServiceMark;
}

export const releaseDrain = command({
  usage: 'release-drain <run>',
  describe: "Give back the nodes that a run drained with their owner's scheduler",
  examples: [
    ['release-drain runs/20261215T081500Z-3f2a', 'what would be given back, and what was touched'],
    ['release-drain runs/20261215T081500Z-3f2a --yes', 'do it'],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .option('yes', {
        type: 'boolean',
        default: false,
        describe: 'Do it; otherwise it is only shown what would be done',
      }),
  async run(args, io) {
    const { plan, drained } = await drainedBy(args.run);
    const composed = await composeRun(plan);
    const runner = await composed.useRunner();
    if (runner.giveBack === undefined) {
      throw new HarnessError('USAGE', `the ${plan.fleet.runner} runner drains nothing`, {
        hint: 'What on-reject did is undone by whoever wrote it.',
      });
    }
    const nodes = drained.length === 0 ? [] : await runner.giveBack(drained, args.yes);
    if (args.yes && nodes.length > 0) {
      const about = { kind: 'drain', version: version(), at: new Date() };
      await writeLater(args.run, about, (into) =>
        writeJson(join(into, FILE), { schema: 'assay/drain/1', nodes }),
      );
    }
    tell(nodes, args.run, io);
    return nodes.some(({ done }) => done === 'failed') ? 4 : 0;
  },
});

/** What a run drained and no later command gave back. */
async function drainedBy(path: string) {
  const run = await openRun(path);
  try {
    const marks = new Map<string, ServiceMark>();
    for await (const event of run.journal()) {
      if (event.event !== 'service') continue;
      for (const { node, done, mark } of event['nodes'] as readonly Serviced[]) {
        if (done === 'drained' && mark !== undefined) marks.set(node, mark);
      }
    }
    for (const folder of await laterFolders(path)) {
      if (!(await isThere(join(folder, FILE)))) continue;
      const { nodes } = JSON.parse(await readFile(join(folder, FILE), 'utf8')) as {
        readonly nodes: readonly Serviced[];
      };
      for (const { node, done } of nodes) if (done === 'returned') marks.delete(node);
    }
    const names = new Map(run.private?.nodes.map(({ id, name }) => [id, name]));
    if (marks.size > 0 && run.private === undefined) {
      throw new HarnessError('RUN_UNREADABLE', 'this copy does not say which hosts were drained', {
        hint: 'Use the run itself: private.json is left out of copies.',
      });
    }
    const drained = [...marks].flatMap(([node, mark]): Drained[] => {
      const name = names.get(node);
      return name === undefined ? [] : [{ node, name, mark }];
    });
    return { plan: run.plan, drained };
  } finally {
    await run.close();
  }
}

function tell(nodes: readonly Serviced[], run: string, io: Io): void {
  if (io.json) {
    io.event({ schema: 'assay/drain/1', nodes });
    return;
  }
  if (nodes.length === 0) io.out('nothing that this run drained is still to be given back');
  for (const { node, done, detail } of nodes) io.out(printable(`${node}  ${done}: ${detail}`));
  if (nodes.some(({ done }) => done === 'would-return')) {
    io.out(printable(`do it: assay release-drain ${relative(process.cwd(), run)} --yes`));
  }
}
