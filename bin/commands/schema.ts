import { published, publishedSchema } from '../../campaign/directory/published.ts';
import { planSchema } from '../../plan/schema.ts';
import { runners } from '../../runners/registry.ts';
import { suites } from '../../suites/registry.ts';
import { command } from '../command.ts';

const FILES = Object.keys(published) as (keyof typeof published)[];

export const schema = command({
  usage: 'schema [file]',
  describe: "JSON Schema (2020-12) of the plan, or of one of a run's files",
  examples: [
    ['schema > assay.schema.json', 'the plan: name it in your editor'],
    ['schema verdict', 'verdict.json of a run'],
  ],
  options: (yargs) =>
    yargs.positional('file', {
      choices: ['plan', ...FILES] as const,
      default: 'plan' as const,
      describe: 'Which file',
    }),
  async run(args, io) {
    const file = FILES.find((name) => name === args.file);
    const document = file === undefined ? planSchema({ runners, suites }) : publishedSchema(file);
    if (io.json) io.event(document);
    else io.out(JSON.stringify(document, undefined, 2));
    return 0;
  },
});
