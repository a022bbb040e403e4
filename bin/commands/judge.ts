import { join, relative } from 'node:path';
import { readJson } from '../../campaign/directory/json.ts';
import { writeLater } from '../../campaign/directory/later.ts';
import { assertSealed } from '../../campaign/directory/manifest.ts';
import { privateShape } from '../../campaign/directory/shapes.ts';
import { isThere } from '../../campaign/directory/writer.ts';
import { writeResults } from '../../campaign/results.ts';
import type { Judgement } from '../../verdicts/model.ts';
import { createJudge } from '../judging.ts';
import { amend } from '../amend.ts';
import { command } from '../command.ts';
import { composePlan, composeRun } from '../compose.ts';
import { lotExit } from '../exit-code.ts';
import { planOfRun } from '../run-plan.ts';
import { tellVerdict } from '../summary.ts';
import { version } from '../version.ts';

export const judge = command({
  usage: 'judge <run>',
  describe: 'Reach the verdict again from evidence on disk, with the same or amended criteria',
  examples: [
    ['judge runs/20261215T081500Z-3f2a', 'the same criteria'],
    ['judge runs/20261215T081500Z-3f2a --plan amended.yaml', 'criteria fixed afterwards, said so'],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .option('plan', { type: 'string', describe: 'Amended plan: its criteria and its decision' }),
  async run(args, io) {
    const original = await planOfRun(args.run);
    const { units } = await composeRun(original);
    const plan =
      args.plan === undefined
        ? original
        : amend(original, (await composePlan({ file: args.plan })).plan);
    const names = (await isThere(join(args.run, 'private.json')))
      ? await readJson(join(args.run, 'private.json'), 'private', 1, privateShape)
      : undefined;
    let judgement: Judgement | undefined;
    const about = { kind: 'judge', version: version(), at: new Date() };
    const folder = await writeLater(args.run, about, async (into) => {
      // A journal that lost its end would give a verdict too, another one.
      await assertSealed(args.run, ['journal.ndjson', 'evidence/index.ndjson']);
      const amended = plan !== original;
      const setup = { path: args.run, plan, amended, units, createJudge, ...(names && { names }) };
      ({ judgement } = await writeResults(setup, into));
    });
    const reached = judgement as unknown as Judgement;
    io.verdictAt(join(folder, 'verdict.json'));
    const path = relative(process.cwd(), folder);
    if (io.json) io.event({ event: 'end', path, lot: reached.verdict.lot });
    else {
      tellVerdict(reached, io);
      io.out(`written: ${path}`);
    }
    return lotExit(reached.verdict.lot.verdict);
  },
});
