// A controller and nothing else: opens the plan's fleet, takes inventory, runs one short trial a host, judges.
// Standard input: JSON { dist, plan, out, seconds }. Standard output: JSON of what became of it.
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { sleepSuite } from './sleep-suite.mjs';

const { dist, plan: file, out, seconds } = JSON.parse(await text(process.stdin));
const from = (path) => import(`${dist}/${path}`);
const [{ accept }, { loadPlan }, { entry }, { createInventory }, { runners }] = await Promise.all([
  from('campaign/accept.js'),
  from('plan/load.js'),
  from('plan/options.js'),
  from('runners/inventory/suite.js'),
  from('runners/registry.js'),
]);
const [{ sessionReader }, { createJudge }, { z }] = await Promise.all([
  from('suites/session-reader.js'),
  from('bin/judging.js'),
  import('zod'),
]);

const inventory = createInventory();
const suite = sleepSuite({ seconds, trials: 1, sessionReader });
const source = { file, text: await readFile(file, 'utf8') };
const { plan, runner, suites } = await loadPlan(source, {
  runners,
  suites: [entry('sleep', z.strictObject({}), async () => suite)],
  always: [inventory],
});
const stop = new AbortController();
setMaxListeners(0, stop.signal);
const began = performance.now();
const at = {};
const reached = (phase) => {
  at[phase] ??= { seconds: (performance.now() - began) / 1000, memory: process.memoryUsage().rss };
};
const result = await accept(plan, {
  out,
  runner: await runner.use(),
  units: { inventory, suites },
  createJudge,
  version: 'bench',
  signal: stop.signal,
  progress(event) {
    if (event.kind === 'phase') reached(event.phase);
  },
});
reached('end');
const verdict = result.judgement?.verdict;
process.stdout.write(
  JSON.stringify({
    path: result.path,
    at,
    lot: verdict?.lot.verdict,
    passed: verdict?.nodes.filter((node) => node.verdict === 'pass').length,
  }),
);
