/** Scheduled Events: what Azure announces inside a machine alone. The first answer may take two minutes. */
import { z } from 'zod';
import { parse, type Metadata } from '../cloud/metadata.ts';

const EVENTS = '/metadata/scheduledevents?api-version=2020-07-01';

const eventsShape = z.object({
  Events: z.array(
    z.object({
      EventType: z.string().regex(/^[A-Za-z]{1,20}$/u),
      EventStatus: z.string().max(40).optional(),
      NotBefore: z.string().max(60).nullish(),
      Resources: z.array(z.string()).nullish(),
    }),
  ),
});

/** What takes the machine; the others come back. */
const GOING = new Set(['Preempt', 'Terminate']);

export const scheduledEvents: Metadata = {
  headers: { Metadata: 'true' },
  paths: [EVENTS],
  read(said, _now, { id }) {
    const parsed = eventsShape.safeParse(parse(said.get(EVENTS)));
    if (!parsed.success) return [];
    const own = nameOf(id);
    return parsed.data.Events.filter(({ Resources }) => {
      // All machines of a placement group may be told of one.
      const names = Resources ?? [];
      return names.length === 0 || names.some((name) => name.toLowerCase() === own);
    }).map(({ EventType: type, EventStatus: status, NotBefore: from }) => {
      const time = Date.parse(from ?? '');
      const begins = Number.isFinite(time) ? ` not before ${new Date(time).toISOString()}` : '';
      const started = status === 'Started';
      return {
        kind: GOING.has(type) ? ('preempted' as const) : ('maintenance' as const),
        detail: `${type}${started ? ' started' : begins}`,
        ...(started && !GOING.has(type) && { window: 'open' as const }),
      };
    });
  },
};

/** As events name a machine: by itself, or "set_3" of a scale set. */
function nameOf(id: string): string {
  const parts = id.toLowerCase().split('/');
  const at = parts.indexOf('virtualmachinescalesets');
  const last = parts.at(-1) ?? '';
  return at < 0 ? last : `${parts[at + 1] ?? ''}_${last}`;
}
