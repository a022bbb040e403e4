import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Exit, Fleet, Node, PlacedStep } from '../../../runners/model.ts';
import { Losses, slurmFleet } from '../../../runners/slurm/fleet.ts';
import type { Holds } from '../../../runners/slurm/holds.ts';

const test = suite('slurm: fleet');

const node = (id: string, name: string) => ({ id, name, fabricAddress: name }) as Node;
const step = { on: 'node', nodes: ['n1', 'n2'], environment: {} } as unknown as PlacedStep;

test('a node that Slurm took is lost, however quickly its program was stopped', async () => {
  const losses = new Losses();
  const holds: Pick<Holds, 'use' | 'acquire' | 'end'> = {
    use: () => () => {},
    acquire: () => Promise.resolve({ job: '1', gone: new AbortController().signal }),
    end: undefined,
  };
  const inner: Pick<Fleet, 'nodes' | 'missing' | 'start'> = {
    nodes: [node('n1', 't1'), node('n2', 't2')],
    missing: [],
    // Not started yet: it is over in the moment of the abort.
    start: (_, __, signal) =>
      new Promise((resolve) => {
        const ends = [0, 1].map((rank): Exit => {
          return { node: `n${rank + 1}`, rank, seconds: 0, ended: 'stopped' };
        });
        signal.addEventListener('abort', () => resolve(ends));
        losses.tell('t1', 'preempted', 'job 1 ended: PREEMPTED');
      }),
  };
  const fleet = slurmFleet(inner as Fleet, holds as Holds, losses, () => ({}));
  const exits = await fleet.start(step, async () => {}, new AbortController().signal);
  assert.equal(
    exits.map((end) => ({ ...end, seconds: 0 })),
    [
      {
        node: 'n1',
        rank: 0,
        seconds: 0,
        ended: 'lost',
        code: 'PROVIDER_GONE',
        reason: 'job 1 ended: PREEMPTED',
      },
      { node: 'n2', rank: 1, seconds: 0, ended: 'stopped' },
    ],
  );
});

test('a file that does not arrive at a node that Slurm takes: said so, and told before the trial ends', async () => {
  const losses = new Losses();
  const holds: Pick<Holds, 'use' | 'acquire' | 'end' | 'stands'> = {
    use: () => () => {},
    acquire: () => Promise.resolve({ job: '1', gone: new AbortController().signal }),
    end: undefined,
    // The job is on its way to its end: why is known at the second look.
    stands: (name) => {
      if (name === 't2') return Promise.resolve(true);
      setTimeout(() => losses.tell('t1', 'preempted', 'job 1 ended: PREEMPTED'), 50);
      return Promise.resolve(false);
    },
  };
  const broken = { code: 'SSH_LOST', reason: 'the connection broke' };
  const inner: Pick<Fleet, 'nodes' | 'missing' | 'put'> = {
    nodes: [node('n1', 't1'), node('n2', 't2')],
    missing: [],
    put: (ids) => Promise.resolve(ids.map((id) => ({ node: id, ...broken }))),
  };
  const fleet = slurmFleet(inner as Fleet, holds as Holds, losses, () => ({}));
  assert.equal(await fleet.put(['n1', 'n2'], 'x', 'x'), [
    { node: 'n1', code: 'PROVIDER_GONE', reason: 'job 1 ended: PREEMPTED' },
    { node: 'n2', ...broken },
  ]);
});

test.run();
