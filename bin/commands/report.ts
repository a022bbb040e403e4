import { access } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { writeLater } from '../../campaign/directory/later.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import { reports } from '../../reports/registry.ts';
import { command } from '../command.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

export const report = command({
  usage: 'report <run>',
  describe: 'Render the reports of a run again',
  examples: [
    ['report runs/20261215T081500Z-3f2a', 'into later/<n>/: a sealed run is never rewritten'],
    ['report runs/20261215T081500Z-3f2a --format csv --rows samples --into .', 'samples as CSV'],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .option('format', {
        type: 'string',
        array: true,
        choices: reports.map(({ id }) => id),
        default: [...STANDARD_REPORTS] as string[],
        describe: 'Which reports',
      })
      .option('rows', { choices: ['findings', 'samples'] as const, describe: 'csv: which rows' })
      .option('into', { type: 'string', describe: 'An existing folder, in place of later/<n>/' }),
  async run(args, io) {
    const run = await openRun(args.run);
    try {
      const options = args.rows === undefined ? {} : { rows: args.rows };
      let files: readonly string[] = [];
      const write = async (folder: string) => {
        files = await writeReports(run, args.format, folder, options);
      };
      const folder = args.into ?? (await later(args.run, write));
      if (args.into !== undefined) {
        await existing(args.into);
        await write(args.into);
      }
      const paths = files.map((name) => relative(process.cwd(), join(folder, name)));
      if (io.json) io.event({ schema: 'assay/report/1', files: paths });
      else for (const path of paths) io.out(path);
      return 0;
    } finally {
      await run.close();
    }
  },
});

function later(run: string, write: (folder: string) => Promise<void>): Promise<string> {
  return writeLater(run, { kind: 'report', version: version(), at: new Date() }, write);
}

async function existing(folder: string): Promise<void> {
  try {
    await access(folder);
  } catch (error) {
    throw new HarnessError('USAGE', `${folder} is not there`, {
      hint: 'Name an existing folder.',
      cause: error,
    });
  }
}
