import { readFile } from 'node:fs/promises';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import type { Importer, ImportedSample } from '../../suites/import-model.ts';
import { importers as inferenceImporters } from '../../suites/inference/importers.ts';
import { importers as ncclImporters } from '../../suites/nccl/importers.ts';
import { command } from '../command.ts';
import { printable } from '../terminal.ts';

const importers: readonly Importer[] = [...ncclImporters, ...inferenceImporters];

export const read = command({
  usage: 'read <tool> <file>',
  describe: "The samples in another tool's output, in our terms",
  examples: [
    ['read nccl-tests all_reduce.log --json', 'a sample for each row and placement'],
    ['read nccl-tests torn.log --partial', 'what is there of an incomplete file, marked so'],
    [
      'read guidellm report.json --metric inference.endpoint.tpot_excl_ttft',
      'refused: guidellm’s TPOT is another',
    ],
  ],
  options: (yargs) =>
    yargs
      .positional('tool', {
        type: 'string',
        demandOption: true,
        choices: importers.map((one) => one.tool),
        describe: 'What wrote the file',
      })
      .positional('file', { type: 'string', demandOption: true, describe: 'The file' })
      .option('partial', { type: 'boolean', default: false, describe: 'Read incomplete files too' })
      .option('collective', { type: 'string', describe: 'Where the log does not name it' })
      .option('metric', {
        type: 'string',
        describe: 'Only this one; refused where the tool measures it otherwise',
      }),
  async run(args, io) {
    const importer = importers.find((one) => one.tool === args.tool) as Importer;
    const all = importer.read(await textOf(args.file), {
      file: args.file,
      partial: args.partial,
      ...(args.collective !== undefined && { collective: args.collective }),
      ...(args.metric !== undefined && { metric: args.metric }),
    });
    const samples = all.filter(({ metric }) => metric === (args.metric ?? metric));
    if (io.json) io.event({ schema: 'assay/read/1', samples });
    else for (const sample of samples) io.out(printable(line(sample)));
    return 0;
  },
});

function line({ metric, parameters, value, unit, line: at }: ImportedSample): string {
  const words = Object.entries(parameters).map(([key, one]) => `${key}=${one}`);
  return `${metric} ${value} ${unit} ${words.join(' ')} (line ${at})`;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new HarnessError('OUTPUT_UNREADABLE', `${file}: can't be read (${code})`, {
      hint: 'Name a file that is there.',
      cause: error,
    });
  }
}
