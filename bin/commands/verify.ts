import { verifyRun } from '../../campaign/verify.ts';
import { createJudge } from '../judging.ts';
import { command } from '../command.ts';
import { composeRun } from '../compose.ts';
import { printable, style } from '../terminal.ts';

export const verify = command({
  usage: 'verify <run>',
  describe: 'Check hashes and signatures, and recompute the verdict from evidence alone',
  examples: [['verify runs/20261215T081500Z-3f2a', 'exit 4 and the file or number that differs']],
  options: (yargs) =>
    yargs.positional('run', { type: 'string', demandOption: true, describe: 'Run directory' }),
  async run(args, io) {
    const { problems } = await verifyRun(args.run, {
      createJudge,
      revive: async (plan) => (await composeRun(plan)).units,
    });
    if (io.json) io.event({ schema: 'assay/verify/1', ok: problems.length === 0, problems });
    for (const { file, what } of problems) io.err(printable(`${file}: ${what}`));
    if (!io.json) {
      io.out(
        problems.length === 0
          ? `${style(io, 'green', 'verified')}: every hash holds, and the evidence gives this verdict again`
          : `${style(io, 'red', 'not verified')}: ${problems.length} differences`,
      );
    }
    return problems.length === 0 ? 0 : 4;
  },
});
