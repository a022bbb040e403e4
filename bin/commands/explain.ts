import { openRun } from '../../campaign/directory/reader.ts';
import { HarnessError } from '../../plan/errors.ts';
import { subjectNodes } from '../../plan/subject.ts';
import { command } from '../command.ts';
import { explained, type Explanation } from '../explanation.ts';
import { boughtOf, type Price } from '../price.ts';
import { printable, style, type Io } from '../terminal.ts';

export const explain = command({
  usage: 'explain <run> <node> <metric>',
  describe: 'From a number to its bytes: findings, samples, the line they were read from',
  examples: [
    ['explain runs/20261215T081500Z-3f2a n0017 matmul.gemm.throughput', 'or a criterion by its id'],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .positional('node', { type: 'string', demandOption: true, describe: 'Node id, e.g. n0017' })
      .positional('metric', {
        type: 'string',
        demandOption: true,
        describe: 'Metric, or criterion id',
      }),
  async run(args, io) {
    const run = await openRun(args.run);
    try {
      const known = new Set(run.fleet.nodes.map((node) => node.id));
      if (!known.has(args.node)) {
        throw new HarnessError('USAGE', `no node ${args.node} in this run`, {
          hint: `Nodes: ${[...known].slice(0, 20).join(', ')}${known.size > 20 ? ' …' : ''}.`,
        });
      }
      const explanation = await explained(run, args.node, args.metric);
      if (io.json) io.event({ schema: 'assay/explain/1', ...explanation });
      else show(explanation, run.private?.price, io);
      return 0;
    } finally {
      await run.close();
    }
  },
});

function show(
  { findings, samples, commands }: Explanation,
  price: Price | undefined,
  io: Io,
): void {
  for (const { criterion, verdict, subject, reason, estimate } of findings) {
    const about =
      subject.kind === 'accelerator' ? subject.accelerator : subjectNodes(subject).join(' ~ ');
    io.out(printable(`${criterion} on ${about}: ${verdict}`));
    io.out(printable(`  ${reason}`));
    if (estimate?.evidence !== undefined) {
      const { pass, fail } = estimate.evidence;
      io.out(
        `  ln evidence for pass ${pass.toFixed(3)}, for fail ${fail.toFixed(3)}, n ${estimate.n}`,
      );
    }
  }
  for (const { sample, text } of samples) {
    const { metric, value, attempt, evidence, parameters } = sample;
    io.out(style(io, 'bold', printable(`${metric} = ${value} ${JSON.stringify(parameters)}`)));
    const bought = boughtOf(sample, price);
    if (bought !== undefined) io.out(`  ${bought}`);
    io.out(printable(`  attempt ${attempt}`));
    io.out(printable(`  evidence ${evidence.stream}, line ${evidence.line}`));
    io.out(printable(`  sha256 ${evidence.sha256}`));
    if (text !== undefined) io.out(printable(`  ${text}`));
  }
  for (const line of commands) io.out(printable(`command: ${line}`));
  if (findings.length + samples.length === 0)
    io.out('nothing was measured or judged under this name');
}
