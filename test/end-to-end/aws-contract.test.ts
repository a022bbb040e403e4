/** The runners' contract on machines that EC2's stand-in makes: real sshd, keys of the run, given back each time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SSH_PORT } from '../../fixtures/clouds/nodes/machines.ts';
import { serve, type Serving } from '../../fixtures/clouds/serve.ts';
import { awsRunner } from '../../runners/aws/runner.ts';
import type { Runner } from '../../runners/model.ts';
import { contract } from '../runners/contract.ts';
import { block } from '../runners/aws/subject.ts';

const test = suite('aws runner against its stand-in');
const NODES = 2;

let standIn: Serving;
let runner: Runner;
const state = mkdtempSync(join(tmpdir(), 'assay-state-'));
const before = process.env['XDG_STATE_HOME'];

test.before(async () => {
  process.env['XDG_STATE_HOME'] = state;
  standIn = await serve('aws');
  const real = awsRunner(block(standIn.url, { nodes: NODES }, { port: SSH_PORT }));
  // The contract knows no stand-ins; the plan would say so.
  runner = {
    open: (context, signal) =>
      real.open({ ...context, fleet: { ...context.fleet, standIn: true } }, signal),
  };
});
test.after(async () => {
  if (before === undefined) delete process.env['XDG_STATE_HOME'];
  else process.env['XDG_STATE_HOME'] = before;
  await standIn.close();
  rmSync(state, { recursive: true, force: true });
});

contract(test, () => ({ runner, nodes: NODES }));

test('after all of it nothing of ours is left', () => {
  assert.equal(
    standIn.held().filter((one) => !one.neighbour),
    [],
  );
});

test.run();
