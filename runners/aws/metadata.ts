/** What an instance's own metadata (IMDSv2) announces: the spot notice, scheduled events, rebalancing. */
import { z } from 'zod';
import { parse, type Announced, type Metadata } from '../cloud/metadata.ts';
import { isOver, maintenance } from './windows.ts';

const DATA = '/latest/meta-data';
const SPOT = `${DATA}/spot/instance-action`;
const EVENTS = `${DATA}/events/maintenance/scheduled`;
const REBALANCE = `${DATA}/events/recommendations/rebalance`;

const word = z.string().regex(/^[a-z-]{1,40}$/u);
const moment = z.string().max(60).transform(Date.parse).pipe(z.number());

const spotShape = z.object({ action: word, time: moment });
const rebalanceShape = z.object({ noticeTime: moment });
const eventsShape = z.array(
  z.object({
    Code: word,
    State: z.string().optional(),
    Description: z.string().optional(),
    NotBefore: moment.optional().catch(undefined),
    NotAfter: moment.optional().catch(undefined),
  }),
);

export const ec2Metadata: Metadata = {
  token: {
    path: '/latest/api/token',
    asks: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    carries: 'X-aws-ec2-metadata-token',
  },
  headers: {},
  paths: [SPOT, EVENTS, REBALANCE],
  read(said, now) {
    const spot = spotShape.safeParse(parse(said.get(SPOT)));
    const rebalance = rebalanceShape.safeParse(parse(said.get(REBALANCE)));
    const events = eventsShape.safeParse(parse(said.get(EVENTS)));
    return [
      ...(spot.success
        ? [told('preempted', `spot ${spot.data.action} at ${at(spot.data.time)}`)]
        : []),
      // No notice yet: the risk is higher, and it may come without another word.
      ...(rebalance.success
        ? [told('draining', `rebalance recommended at ${at(rebalance.data.noticeTime)}`)]
        : []),
      ...(events.success ? events.data : [])
        .filter(
          ({ State, Description = '' }) => (State ?? 'active') === 'active' && !isOver(Description),
        )
        .map(({ Code: code, NotBefore: from, NotAfter: to }) =>
          maintenance(
            { code, ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
            now,
          ),
        ),
    ];
  },
};

function told(kind: Announced['kind'], detail: string): Announced {
  return { kind, detail };
}

function at(time: number): string {
  return new Date(time).toISOString();
}
