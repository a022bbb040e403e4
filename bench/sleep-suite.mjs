// A suite that measures nothing: a trial sleeps, then says that it is done.
import { fileURLToPath } from 'node:url';

const PAYLOAD = fileURLToPath(new URL('fleet-sleep.py', import.meta.url));

export const sleepSuite = ({ seconds, trials, sessionReader }) => ({
  id: 'sleep',
  metrics: [],
  checks: ['sleep.done'],
  cases: () =>
    Array.from({ length: trials }, (_, turn) => ({
      id: `sleep.${turn}`,
      suite: 'sleep',
      parameters: { turn },
      scope: 'node',
      gives: [{ metric: 'sleep.done', per: 'node', as: 'check', parameters: { turn } }],
      expected: seconds,
    })),
  steps: (of, nodes) => [
    {
      suite: 'sleep',
      case: of.id,
      parameters: of.parameters,
      on: 'each-node',
      nodes: nodes.map((node) => node.id),
      role: 'rank',
      argv: [{ payload: PAYLOAD }, String(seconds), String(of.parameters.turn)],
      environment: {},
      limit: 60,
    },
  ],
  reader: (context) => sessionReader(context),
  ceiling: () => undefined,
  simulate: () => [],
});
