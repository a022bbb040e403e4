import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../../campaign/history/model.ts';
import { availabilityOf } from '../../../campaign/nightly/availability.ts';

const test = suite('availability');

const event = (kind: StoredEvent['kind'], night: string, body: object): StoredEvent => ({
  id: `${kind}${night}`,
  at: `${night}T02:00:00Z`,
  night,
  kind,
  body: body as StoredEvent['body'],
});
const accepted = ['a', 'b', 'c', 'd'].map((serial) => ({ serial, from: '2026-12-01' }));

test('a machine is lost from the night its alarm is told until it is closed, and priced', () => {
  const events = [
    event('alarm-opened', '2026-12-03', {
      id: 'x',
      scope: { kind: 'rack', id: 'r1' },
      serials: ['a', 'b'],
      past: [{ serial: 'a', criterion: 'bf16' }],
    }),
    event('alarm-closed', '2026-12-05', { alarm: 'x' }),
  ];
  const span = { since: '2026-12-01', until: '2026-12-06' };
  const price = { perNodeHour: 10, currency: 'USD' };
  const { nodeDays, degradedDays, lostDays, share, claim, days } = availabilityOf(
    accepted,
    events,
    span,
    price,
  );
  assert.equal([nodeDays, degradedDays, lostDays], [24, 4, 2]);
  assert.is(share, 1 - 2 / 24);
  assert.equal(claim, { amount: 480, currency: 'USD' });
  assert.equal(
    days.map(({ lost }) => lost),
    [0, 0, 1, 1, 0, 0],
  );
});

test('while an alarm on the fleet is open every machine is degraded, and those named past a limit are lost', () => {
  const events = [
    event('alarm-opened', '2026-12-03', {
      id: 'x',
      scope: { kind: 'fleet' },
      serials: ['a', 'b'],
      past: [{ serial: 'a', criterion: 'bf16' }],
    }),
  ];
  const span = { since: '2026-12-02', until: '2026-12-03' };
  const { degradedDays, lostDays } = availabilityOf(accepted, events, span);
  assert.equal([degradedDays, lostDays], [4, 1]);
});

test('a machine counts until another stands in its place, however long its alarm stays open', () => {
  const swapped = [
    { serial: 'a', from: '2026-12-01', until: '2026-12-04' },
    { serial: 'new', from: '2026-12-04' },
  ];
  const events = [
    event('alarm-opened', '2026-12-02', {
      id: 'x',
      scope: { kind: 'node', id: 'a' },
      serials: ['a'],
      past: [{ serial: 'a', criterion: 'bf16' }],
    }),
  ];
  const span = { since: '2026-12-01', until: '2026-12-06' };
  const { nodeDays, lostDays, days } = availabilityOf(swapped, events, span);
  assert.equal([nodeDays, lostDays], [6, 2]);
  assert.ok(days.every((day) => day.accepted === 1));
});

test('a machine that was not accepted yet counts neither way, and no price gives no claim', () => {
  const late = [...accepted, { serial: 'e', from: '2026-12-04' }];
  const span = { since: '2026-12-03', until: '2026-12-04' };
  const result = availabilityOf(late, [], span);
  assert.equal([result.nodeDays, result.share, result.claim], [9, 1, undefined]);
});

test.run();
