import { command } from '../command.ts';
import { cohortRemarks } from '../cohort.ts';
import { composePlan } from '../compose.ts';
import { remarkLine, remarksOn } from '../linted.ts';
import { printable } from '../terminal.ts';

export const lint = command({
  usage: 'lint [plan]',
  describe: 'Check a plan: schema, limits against roofline and catalogue, coverage',
  examples: [
    ['lint lot7.yaml', 'exit 2 when something must be mended'],
    ['lint lot7.yaml --like runs/20261215T081500Z-3f2a', 'nominal against the parts of that run'],
  ],
  options: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'Plan file; left out: this machine' })
      .option('like', { type: 'string', describe: 'An earlier run on such parts' }),
  async run(args, io) {
    const composed = await composePlan({ file: args.plan });
    const remarks = [
      ...remarksOn(composed),
      ...(args.like === undefined ? [] : await cohortRemarks(composed.plan, args.like)),
    ];
    if (io.json) io.event({ schema: 'assay/lint/1', remarks });
    else {
      for (const remark of remarks) io.out(printable(remarkLine(remark)));
      const { length } = composed.plan.criteria;
      io.out(`${length} ${length === 1 ? 'criterion' : 'criteria'}, ${remarks.length} remarks`);
    }
    return remarks.some((remark) => remark.level === 'error') ? 2 : 0;
  },
});
