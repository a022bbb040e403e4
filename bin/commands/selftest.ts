import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../command.ts';
import { composePlan } from '../compose.ts';
import { lintOrThrow } from '../linted.ts';
import { selftestPlan } from '../selftest/fleet.ts';
import { runSelftest } from '../selftest/selftest.ts';
import { tellRow, tellSelftest } from '../selftest/table.ts';
import { version } from '../version.ts';

export const selftest = command({
  usage: 'selftest [plan]',
  describe: 'Break every criterion and fail-closed rule on purpose: the verdict must change',
  examples: [
    ['selftest lot7.yaml', 'on a few simulated nodes; exit 70 when a break changes nothing'],
    ['selftest', 'the built-in plan of this machine'],
  ],
  options: (yargs) =>
    yargs.positional('plan', { type: 'string', describe: 'Plan file; left out: this machine' }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan });
    const plan = selftestPlan(lintOrThrow(composed));
    const folder = await mkdtemp(join(tmpdir(), 'assay-selftest-'));
    try {
      const bench = {
        composed: { ...composed, plan },
        folder,
        version: version(),
        signal: io.signal,
      };
      const found = await runSelftest(bench, (row, done, of) => {
        if (!io.json) tellRow(row, io);
        io.status(() => `${done} of ${of}`);
      });
      if (io.json) io.event({ schema: 'assay/selftest/1', ...found });
      else tellSelftest(found, io);
      return found.ok ? 0 : 70;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});
