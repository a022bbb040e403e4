import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schema } from '../../../suites/inference/options.ts';
import { inference } from '../../../suites/inference/suite.ts';
import { nodeWith } from '../read-session.ts';
import { placed, simulated } from '../simulated.ts';

const NODE = nodeWith('n0001', 'gpu', 8);
const serving = {
  server: { command: ['serve', '{port}'], ready: '/version' },
  output: 4,
  rates: ['100 req/s'],
  settle: '1 s',
  window: '6 s',
};

/** Outcome of a load that was measured while its server ended so. */
function outcomeOf(
  server: { ended: 'stopped' } | { ended: 'exited'; code: number },
  says: readonly string[] = [],
) {
  const suite = inference(schema.parse({ mode: 'server', serving }));
  const [one] = suite.cases([NODE]);
  if (one === undefined) throw new Error('no case');
  const steps = suite.steps(one, [NODE]).map((step, index) => ({ ...step, index }));
  const load = steps.find(({ role }) => role === 'load');
  if (load === undefined) throw new Error('no load');
  const reader = suite.reader({ case: one, attempt: 'a/0', nodes: [NODE], steps });
  const truth = simulated(NODE, (metric) => (metric.endsWith('.ttft') ? 0.15 : 0.02));
  [...suite.simulate(placed(load), truth, [])].forEach((text, at) =>
    reader.line(text, { step: load.index, node: 'controller', stream: 'stdout', line: at + 1 }),
  );
  says.forEach((text, at) =>
    reader.line(text, { step: 0, node: 'n0001', stream: 'stderr', line: at + 1 }),
  );
  const common = { rank: 0, seconds: 1 };
  return reader.end([
    { ...common, ...server, node: 'n0001', step: 0, role: 'server' },
    { ...common, node: 'controller', step: load.index, role: 'load', ended: 'exited', code: 0 },
  ]).outcome;
}

test('a load that another server answered, ours having ended, is not measured', () => {
  assert.equal(outcomeOf({ ended: 'stopped' }), { status: 'measured' });
  const ended = outcomeOf({ ended: 'exited', code: 1 });
  assert.is(ended.status === 'failed' && ended.code, 'SERVER_ENDED');
});

test("a port that somebody else has is ours to choose anew, not the node's fault", () => {
  const uvicorn =
    "[Errno 98] error while attempting to bind on address ('10.0.0.1', 24312): address already in use";
  const ended = outcomeOf({ ended: 'exited', code: 1 }, ['Loading weights', uvicorn]);
  assert.equal(ended.status === 'failed' && [ended.owner, ended.code, ended.suspects], [
    'harness',
    'PORT_IN_USE',
    [],
  ]);
});

test.run();
