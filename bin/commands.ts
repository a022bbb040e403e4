/** Every command, one line each: what it does, and the file that is imported when it is used. */
import type { Command } from './command.ts';

interface Line {
  readonly describe: string;
  load(): Promise<Command>;
}

export const commands: Readonly<Record<string, Line>> = {
  accept: {
    describe: 'Open the fleet, run the suites, judge as it goes, release, report',
    load: async () => (await import('./commands/accept.ts')).accept,
  },
  resume: {
    describe: 'Go on with an interrupted run',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  nodes: {
    describe: 'Who would be tested; --judge: readiness as findings',
    load: async () => (await import('./commands/nodes.ts')).nodes,
  },
  explain: {
    describe: 'From a number to its bytes',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  check: {
    describe: 'This node, quickly, for a health hook',
    load: async () => (await import('./commands/check.ts')).check,
  },
  judge: {
    describe: 'Reach the verdict again from evidence on disk',
    load: async () => (await import('./commands/judge.ts')).judge,
  },
  report: {
    describe: 'Render the reports of a run again',
    load: async () => (await import('./commands/report.ts')).report,
  },
  verify: {
    describe: 'Check hashes and recompute the verdict from evidence alone',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  compare: {
    describe: 'Lots, providers or dates side by side, with intervals',
    load: async () => (await import('./commands/compare.ts')).compare,
  },
  sign: {
    describe: 'Sign a sealed run with an OpenSSH key',
    load: async () => (await import('./commands/sign.ts')).sign,
  },
  nightly: {
    describe: 'Accept within a budget, append to history, look for change points',
    load: async () => (await import('./commands/nightly.ts')).nightly,
  },
  history: {
    describe: "A delivery over its runs: a line a serial, the delivery's verdict",
    load: async () => (await import('./commands/history.ts')).history,
  },
  read: {
    describe: "The samples in another tool's output, in our terms",
    load: async () => (await import('./commands/read.ts')).read,
  },
  estimate: {
    describe: 'Trials, node-hours, wall time, cost, and the error rates they buy',
    load: async () => (await import('./commands/estimate.ts')).estimate,
  },
  serve: {
    describe: 'Runs and reports in a browser',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  'release-drain': {
    describe: "Give back the nodes that a run drained with their owner's scheduler",
    load: async () => (await import('./commands/release-drain.ts')).releaseDrain,
  },
  lint: {
    describe: 'Check a plan: schema, limits against roofline and catalogue, coverage',
    load: async () => (await import('./commands/lint.ts')).lint,
  },
  sweep: {
    describe: 'Find what earlier runs left with the provider, and delete it with --yes',
    load: async () => (await import('./commands/sweep.ts')).sweep,
  },
  'report-faults': {
    describe: "Prepare the provider's report of each rejected node; --send sends it",
    load: async () => (await import('./commands/report-faults.ts')).reportFaults,
  },
  selftest: {
    describe: 'Break every criterion and fail-closed rule on purpose: the verdict must change',
    load: async () => (await import('./commands/selftest.ts')).selftest,
  },
  catalog: {
    describe: 'SKU facts and their sources',
    load: async () => (await import('./commands/catalog.ts')).catalog,
  },
  init: {
    describe: 'Write a commented plan',
    load: async () => (await import('./commands/init.ts')).init,
  },
  schema: {
    describe: "The plan's JSON Schema",
    load: async () => (await import('./commands/schema.ts')).schema,
  },
};
