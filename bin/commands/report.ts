import { access, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { copyFor } from '../../campaign/copy.ts';
import { writeLater } from '../../campaign/directory/later.ts';
import { openRun, type OpenRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import { printPdf } from '../../reports/pdf.ts';
import { reports } from '../../reports/registry.ts';
import { command } from '../command.ts';
import { payloadFiles } from '../payload-files.ts';
import { tellVerified } from '../tell-verified.ts';
import type { Io } from '../terminal.ts';
import { verified } from '../verification.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

export const report = command({
  usage: 'report <run>',
  describe: 'Render the reports of a run again',
  examples: [
    ['report runs/20261215T081500Z-3f2a', 'into later/<n>/: a sealed run is never rewritten'],
    ['report runs/20261215T081500Z-3f2a --format csv --rows samples --into .', 'samples as CSV'],
    ['report runs/20261215T081500Z-3f2a --for supplier --into copy', 'without private files'],
    ['report runs/20261215T081500Z-3f2a --challenge packs', 'a pack a rejected unit'],
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
      .option('into', { type: 'string', describe: 'An existing folder, in place of later/<n>/' })
      .option('for', {
        choices: ['supplier'] as const,
        describe: 'A copy of the run into --into, without what is private',
      })
      .option('challenge', {
        type: 'string',
        describe: 'Folder for a pack a rejected unit: notice, script, programs',
      })
      .option('pdf', { type: 'boolean', default: false, describe: 'report.pdf too, by Chromium' })
      .conflicts('challenge', ['for', 'into']),
  async run(args, io) {
    const run = await openRun(args.run);
    try {
      if (args.challenge !== undefined) return await challenge(run, args.challenge, io);
      if (args.for !== undefined) return await copy(run, args.for, args.into, io);
      const options = args.rows === undefined ? {} : { rows: args.rows };
      let files: readonly string[] = [];
      const write = async (folder: string) => {
        const formats = args.pdf ? [...new Set([...args.format, 'html'])] : args.format;
        files = await writeReports(run, formats, folder, options);
        if (!args.pdf) return;
        await printPdf(join(folder, 'report.html'), join(folder, 'report.pdf'), io.signal);
        files = [...files, 'report.pdf'];
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

/** A pack a rejected unit. */
async function challenge(run: OpenRun, into: string, io: Io): Promise<number> {
  await mkdir(into, { recursive: true });
  const { writeChallenges } = await import('../../reports/challenge/pack.ts');
  const units = await writeChallenges(run, into, { payloads: await payloadFiles() });
  const paths = units.map((name) => relative(process.cwd(), join(into, name)));
  if (io.json) io.event({ schema: 'assay/challenge-packs/1', units: paths });
  else if (paths.length === 0) io.out('nothing was rejected: there is no pack to make');
  for (const path of io.json ? [] : paths) io.out(path);
  return 0;
}

/** A copy without what is private, verified as whoever gets it will. */
async function copy(run: OpenRun, whom: string, into: string | undefined, io: Io): Promise<number> {
  if (into === undefined) {
    throw new HarnessError('USAGE', '--for makes a copy, and --into says where', {
      hint: 'Give --into FOLDER, new or empty.',
    });
  }
  await copyFor(run, into, whom);
  const found = await verified(into, { now: new Date() });
  const ok = found.problems.length === 0;
  if (io.json) io.event({ schema: 'assay/verify/1', ok, ...found });
  else tellVerified(found, true, io);
  return ok ? 0 : 4;
}

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
