import { planSchema } from '../../plan/schema.ts';
import { runners } from '../../runners/registry.ts';
import { suites } from '../../suites/registry.ts';
import { command } from '../command.ts';

export const schema = command({
  usage: 'schema',
  describe: "The plan's JSON Schema (2020-12), for editors",
  examples: [['schema > assay.schema.json', 'then name it in your editor']],
  options: (yargs) => yargs,
  async run(_args, io) {
    const document = planSchema({ runners, suites });
    if (io.json) io.event(document);
    else io.out(JSON.stringify(document, undefined, 2));
    return 0;
  },
});
