import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fleet, Node } from '../../../runners/model.ts';
import { nameless } from '../../../runners/session/nameless.ts';

const test = suite('names in what a fleet says');

const node = (id: string, name: string): Node => ({
  id,
  name,
  fabricAddress: '10.0.0.1',
  identity: [],
  domains: [],
  accelerators: [],
  environment: {},
});

const fleet = (reason: string): Fleet => ({
  origin: 'hardware',
  nodes: [node('n0001', 'n1')],
  missing: [{ node: node('n0002', 'gpu[2].lab'), slot: 'gpu[2].lab', code: 'X', reason }],
  start: async () => [
    { node: 'n0001', rank: 0, seconds: 1, ended: 'lost', code: 'SSH_LOST', reason },
  ],
  put: async () => [{ node: 'n0001', code: 'X', reason }],
  async *events() {
    yield { at: '', nodes: ['n0001'], kind: 'lost', detail: reason };
  },
  release: async () => [],
});

test('a name and an address become the id, whole words alone', async () => {
  const quiet = nameless(
    fleet('n1 at 10.0.0.1:22, bastion: refused; n10, 10.0.0.12, an1 stay'),
    new Map([['n0001', ['bastion']]]),
  );
  const expected = 'n0001 at n0001:22, n0001: refused; n10, 10.0.0.12, an1 stay';
  const [exit] = await quiet.start({} as never, {} as never, AbortSignal.abort());
  assert.is(exit && 'reason' in exit && exit.reason, expected);
  assert.is((await quiet.put([], '', ''))[0]?.reason, expected);
  for await (const event of quiet.events(AbortSignal.abort())) assert.is(event.detail, expected);
});

test('what is no letter in a name is no pattern', () => {
  assert.is(nameless(fleet('[gpu[2].lab]:22: refused')).missing[0]?.reason, '[n0002]:22: refused');
});

test('a name with a dash is hidden as any other', async () => {
  const { missing } = nameless(
    fleet('rack-03.lab is away; rack-031.lab is not'),
    new Map([['n0002', ['rack-03.lab']]]),
  );
  assert.is(missing[0]?.reason, 'n0002 is away; rack-031.lab is not');
});

test.run();
