/**
 * Launch, look and release for 3,000 machines against stand-ins that enforce the published limits of their
 * providers, on a clock that goes twenty times as fast on both sides. The limit's own minimum stands beside.
 */
import type { Limited } from '../fixtures/clouds/model.ts';
import { serve } from '../fixtures/clouds/serve.ts';
import { connected, givenBack, provisioned, block } from '../test/runners/aws/world.ts';
import type { Bench, Row } from './bench.ts';
import { numberAfter } from './prepare.ts';

const MACHINES = 3000;
const SPEED = 20;
/** What else there is to do (looks, answers, this machine) may take this share more. */
const MARGIN = 1.15;

const no = { status: 503, code: 'RequestLimitExceeded' };
/** EC2 Developer Guide, "Request throttling for the Amazon EC2 API". */
const EC2: readonly Limited[] = [
  { operation: 'RunInstances', size: 5, refill: 2, ...no },
  { operation: 'RunInstances', size: 1000, refill: 2, weighed: true, ...no },
  { operation: 'TerminateInstances', size: 100, refill: 5, ...no },
  { operation: 'TerminateInstances', size: 1000, refill: 20, weighed: true, ...no },
  { operation: 'DescribeInstances', size: 100, refill: 20, ...no },
];

/** `--machines N` for fewer. */
export const bench: Bench = async (words) => {
  const machines = numberAfter(words, '--machines') ?? MACHINES;
  const standIn = await serve('aws', {
    boot: 'none',
    capacity: machines,
    limits: EC2,
    speed: SPEED,
    startingFor: 2000 / SPEED,
    endingFor: 2000 / SPEED,
  });
  try {
    const plane = await connected(block(standIn.url, { nodes: machines }), SPEED);
    const seconds = async (what: () => Promise<unknown>) => {
      const start = performance.now();
      await what();
      return ((performance.now() - start) / 1000) * SPEED;
    };
    let came = 0;
    let told = '';
    const launch = await seconds(async () => {
      const { slots = [], outcome } = await provisioned(plane, machines, machines);
      came = slots.filter((one) => 'machine' in one).length;
      told = outcome?.message ?? '';
    });
    let left = -1;
    const release = await seconds(async () => {
      left = (await givenBack(plane)).left.length;
    });
    const throttled = [...standIn.throttled.values()].reduce((sum, one) => sum + one, 0);
    return [
      timed(`aws: launch of ${machines}`, launch, (machines - 1000) / 2),
      timed(`aws: release of ${machines}`, release, (machines - 1000) / 20),
      {
        figure: 'aws: throttling errors seen by the user',
        measured: told === '' ? `0 (${throttled} answers of the provider's)` : told,
        target: '0',
        met: told === '' && came === machines && left === 0,
      },
    ];
  } finally {
    await standIn.close();
  }
};

function timed(figure: string, seconds: number, least: number): Row {
  return {
    figure,
    measured: `${seconds.toFixed(0)} s`,
    peer: `limit's own minimum ${Math.max(0, least).toFixed(0)} s`,
    target: `≤ ${MARGIN} × the minimum + 60 s`,
    met: seconds <= Math.max(0, least) * MARGIN + 60,
  };
}
