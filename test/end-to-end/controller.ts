/** A controller to be killed: opens a fleet, starts one step, says so, and waits. argv: JSON. */
import { runners } from '../../runners/registry.ts';
import { testContext, testStep } from '../runners/context.ts';

const { runner, options, run, argv, lease } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly runner: string;
  readonly options: unknown;
  readonly run: string;
  readonly argv: [string, ...string[]];
  readonly lease: number;
};
const configured = runners.find((one) => one.id === runner)?.configure(options);
if (configured === undefined || 'issues' in configured) throw new Error('not configured');
const unit = await configured.use();
const fleet = await unit.open(testContext({ run }), AbortSignal.timeout(60_000));
const nodes = fleet.nodes.map((node) => node.id);
await fleet.start(
  testStep(nodes, argv, { lease, limit: 300, attempt: 'case@n0001#0/0' }),
  async (chunk) => {
    process.stdout.write(chunk.bytes);
  },
  new AbortController().signal,
);
