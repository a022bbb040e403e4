import { setImmediate as tick } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OrderQueue } from '../../bin/order-queue.ts';
import type { ReadOrder, ReadOutcome } from '../../campaign/stored.ts';

const test = suite('orders to read');

function order(id: number): ReadOrder {
  const trial = {
    id: `${id}`,
    case: 'one',
    nodes: [],
    ordinal: 0,
    round: 1,
    why: 'planned',
  } as const;
  const attempt = { id: `${id}`, trial, ordinal: 0, startedAt: '', seconds: 0, exits: [] };
  return { attempt, steps: [], entries: [], settles: true };
}

test('orders are asked in their turn, some together, and never more than two messages ahead', async () => {
  const asked: { readonly ids: string[]; answer(): void }[] = [];
  const queue = new OrderQueue(
    (orders) =>
      new Promise((resolve) => {
        const ids = orders.map(({ attempt }) => attempt.id);
        const outcomes = ids.map((id): ReadOutcome => {
          return { outcome: { status: 'measured' }, settled: Number(id) % 2 === 0 };
        });
        asked.push({ ids, answer: () => resolve(outcomes) });
      }),
  );
  const ended: string[] = [];
  const all = Array.from({ length: 50 }, async (_, id) => {
    const { settled } = await queue.add(order(id));
    assert.is(settled, id % 2 === 0);
    ended.push(`${id}`);
  });
  await tick();
  for (let answered = 0; answered < asked.length; answered += 1) {
    assert.ok(asked.length - answered <= 2, `${asked.length - answered} messages under way`);
    asked[answered]?.answer();
    await tick();
  }
  await Promise.all(all);
  const ids = Array.from({ length: 50 }, (_, id) => `${id}`);
  assert.equal(
    asked.flatMap((one) => one.ids),
    ids,
  );
  assert.equal(ended, ids);
  assert.ok(asked.length < 10, `${asked.length} messages`);
});

test('what the thread throws reaches all who wait for it, and the next are asked all the same', async () => {
  let first = true;
  const queue = new OrderQueue(async (orders) => {
    if (first) {
      first = false;
      throw new Error('no such block');
    }
    return orders.map(() => ({ outcome: { status: 'measured' }, settled: true }) as const);
  });
  const said = await Promise.all(
    Array.from({ length: 20 }, (_, id) =>
      queue.add(order(id)).then(
        () => 'read',
        (error: unknown) => (error as Error).message,
      ),
    ),
  );
  assert.is(said.filter((one) => one === 'no such block').length, 16);
  assert.is(said.filter((one) => one === 'read').length, 4);
});

test.run();
