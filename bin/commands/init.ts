import { writeFile } from 'node:fs/promises';
import { HarnessError, systemCode } from '../../plan/errors.ts';
import { commentedPlan } from '../../plan/init.ts';
import { command } from '../command.ts';

export const init = command({
  usage: 'init [file]',
  describe: 'Write a commented plan',
  examples: [['init plan.yaml', 'write plan.yaml, never over a file that is there']],
  options: (yargs) =>
    yargs.positional('file', {
      type: 'string',
      describe: 'Where to; standard output when left out',
    }),
  async run(args, io) {
    const text = commentedPlan();
    if (args.file === undefined) {
      if (io.json) io.event({ schema: 'assay/init/1', text });
      else io.out(text.trimEnd());
      return 0;
    }
    try {
      await writeFile(args.file, text, { flag: 'wx' });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      throw new HarnessError('USAGE', `${args.file} is there already`, {
        hint: 'Name another file, or remove it first.',
        cause: error,
      });
    }
    if (io.json) io.event({ schema: 'assay/init/1', file: args.file });
    else io.err(`wrote ${args.file}`);
    return 0;
  },
});
