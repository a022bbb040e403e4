import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { writeAtomic } from '../../campaign/directory/disk.ts';
import { writeJson } from '../../campaign/directory/json.ts';
import { openRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import { compareRuns } from '../../reports/compare/compare.ts';
import { comparedRun } from '../../reports/compare/gather.ts';
import type { ComparedRun, Comparison } from '../../reports/compare/model.ts';
import { comparisonPage } from '../../reports/compare/page.ts';
import { effectText } from '../../reports/compare/view.ts';
import { parametersText } from '../../reports/words.ts';
import { compareUnits } from '../../verdicts/compare/compare-units.ts';
import { command } from '../command.ts';
import { printable, type Io } from '../terminal.ts';

/** Refusals shown on a terminal. */
const REFUSED = 20;

export const compare = command({
  usage: 'compare <runs..>',
  describe: 'Lots, providers or dates side by side, with intervals',
  examples: [
    [
      'compare runs/A runs/B',
      'B against A: same metric, parameters and profile, or refused by name',
    ],
    ['compare runs/A runs/B runs/C --into comparison', 'compare.html and compare.json as well'],
  ],
  options: (yargs) =>
    yargs
      .positional('runs', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Run directories; the first is what the others are held against',
      })
      .option('into', { type: 'string', describe: 'Folder for compare.html and compare.json' }),
  async run(args, io) {
    const [first, ...others] = await readRuns(args.runs);
    if (first === undefined || others.length === 0) {
      throw new HarnessError('USAGE', 'one run alone can’t be compared', {
        hint: 'Name two run directories or more.',
      });
    }
    const comparison = compareRuns([first, ...others], compareUnits);
    if (io.json) io.event(comparison);
    else tell(comparison, io);
    if (args.into !== undefined) await write(comparison, args.into, io);
    return comparison.compared.length > 0 ? 0 : 4;
  },
});

async function readRuns(paths: readonly string[]): Promise<ComparedRun[]> {
  const runs: ComparedRun[] = [];
  for (const path of paths) {
    const run = await openRun(path);
    try {
      runs.push(await comparedRun(run));
    } finally {
      await run.close();
    }
  }
  return runs;
}

function tell({ runs, compared, refused, differences }: Comparison, io: Io): void {
  io.out(printable(`against ${runs[0]?.id ?? ''}:`));
  for (const { run, metric, parameters, effect, unit, word, perCost } of compared) {
    const price =
      perCost === undefined ? '' : `; for the same money ${effectText(perCost, 'ratio', '')}`;
    io.out(
      printable(
        `  ${run}: ${metric} (${parametersText(parameters)}) ${effectText(effect, effect.kind, unit)}, n ${effect.n.join(' and ')} ${effect.level}s${price}${word === 'open' ? '' : `: ${word}`}`,
      ),
    );
  }
  for (const { run, metric, parameters, why } of refused.slice(0, REFUSED)) {
    io.out(
      printable(`  not compared: ${metric} (${parametersText(parameters)}) of ${run}: ${why}`),
    );
  }
  if (refused.length > REFUSED) io.out(`  and ${refused.length - REFUSED} more not compared`);
  for (const { fact, values } of differences) {
    io.out(printable(`  differs: ${fact}: ${values.map((one) => one.join(', ')).join(' | ')}`));
  }
}

async function write(comparison: Comparison, into: string, io: Io): Promise<void> {
  await mkdir(into, { recursive: true });
  const [page, data] = [join(into, 'compare.html'), join(into, 'compare.json')];
  await writeAtomic(page, comparisonPage(comparison));
  await writeJson(data, comparison);
  if (io.json) return;
  for (const path of [page, data]) io.out(`written: ${relative(process.cwd(), path)}`);
}
