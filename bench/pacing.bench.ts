/**
 * Launch, look and release for 3,000 machines against stand-ins that enforce the published limits of their
 * providers, on a clock that goes faster on both sides. The limit's own minimum stands beside.
 */
import type { Limited } from '../fixtures/clouds/model.ts';
import { serve } from '../fixtures/clouds/serve.ts';
import { awsSubject } from '../test/runners/aws/subject.ts';
import { azureSubject } from '../test/runners/azure/subject.ts';
import { givenBack, planeOf, provisioned, type Subject } from '../test/runners/cloud/plane.ts';
import { gcpSubject } from '../test/runners/gcp/subject.ts';
import type { Bench, Row } from './bench.ts';
import { numberAfter } from './prepare.ts';

const MACHINES = 3000;
/** Seconds for giving back: the plan's default. */
const RELEASE = 1800;
/** What else there is to do (looks, answers, this machine) may take this share more. */
const MARGIN = 1.15;

/** A provider's limits, and the seconds that its own limits cost so many machines at the least. */
interface Paced {
  readonly subject: Subject;
  readonly limits: readonly Limited[];
  launch(machines: number): number;
  release(machines: number): number;
  /** How much faster than the world both sides go: what this machine computes goes as much slower. */
  readonly speed: number;
}

const ec2 = (operation: string, size: number, refill: number, weighed?: true): Limited => ({
  operation,
  size,
  refill,
  ...(weighed && { weighed }),
  status: 503,
  code: 'RequestLimitExceeded',
});
const arm = (operation: string, aMinute: number): Limited => ({
  operation,
  size: aMinute,
  refill: aMinute / 60,
  status: 429,
  code: 'TooManyRequests',
});
const google = (operation: string, size: number, refill: number): Limited => ({
  operation,
  size,
  refill,
  status: 403,
  code: 'rateLimitExceeded',
});

const PACED: readonly Paced[] = [
  {
    // EC2 Developer Guide, "Request throttling for the Amazon EC2 API".
    subject: awsSubject,
    limits: [
      ec2('RunInstances', 5, 2),
      ec2('RunInstances', 1000, 2, true),
      ec2('TerminateInstances', 100, 5),
      ec2('TerminateInstances', 1000, 20, true),
      ec2('DescribeInstances', 100, 20),
    ],
    launch: (machines) => (machines - 1000) / 2,
    release: (machines) => (machines - 1000) / 20,
    speed: 20,
  },
  {
    // Azure compute documentation, "Compute throttling limits": tokens a minute, by subscription and region.
    subject: azureSubject,
    limits: [
      arm('VirtualMachineScaleSets_CreateOrUpdate', 125),
      arm('VirtualMachineScaleSets_Delete', 175),
      arm('VirtualMachineScaleSets_List', 360),
      arm('VirtualMachineScaleSetVMs_List', 300),
      arm('NetworkInterfaces_List', 360),
      arm('VirtualMachineScaleSets_DeleteInstances', 500),
      arm('Operations_Get', 5000),
    ],
    // A set holds a hundred, and the group goes whole: a call a set, and one.
    launch: (machines) => (Math.ceil(machines / 100) - 125) / (125 / 60),
    release: () => 0,
    speed: 4,
  },
  {
    // Compute documentation: 20 bulk calls a second; rate quotas of 1,500 requests a minute, at once and after.
    subject: gcpSubject,
    limits: [
      google('instances.bulkInsert', 20, 20),
      google('instances.aggregatedList', 1500, 25),
      google('instances.list', 1500, 25),
      google('operations.get', 1500, 25),
      google('instances.delete', 1500, 25),
    ],
    launch: () => 0,
    release: (machines) => (machines - 1500) / 25,
    speed: 4,
  },
];

/** `--machines N` for fewer; a provider's name for that one alone. */
export const bench: Bench = async (words) => {
  const machines = numberAfter(words, '--machines') ?? MACHINES;
  const named = PACED.filter(({ subject }) => words.includes(subject.provider));
  const rows: Row[] = [];
  for (const one of named.length > 0 ? named : PACED) rows.push(...(await paced(one, machines)));
  return rows;
};

async function paced(
  { subject, limits, speed, ...least }: Paced,
  machines: number,
): Promise<Row[]> {
  const { provider } = subject;
  const standIn = await serve(provider, {
    boot: 'none',
    capacity: machines,
    limits,
    speed,
    page: 500,
    startingFor: 2000 / speed,
    endingFor: 2000 / speed,
  });
  try {
    const plane = await planeOf(subject, standIn, machines, 1, speed);
    const seconds = async (what: () => Promise<unknown>) => {
      const start = performance.now();
      await what();
      return ((performance.now() - start) / 1000) * speed;
    };
    let came = 0;
    let told = '';
    const launch = await seconds(async () => {
      const { slots = [], error } = await provisioned(plane, machines, machines);
      came = slots.filter((one) => 'machine' in one).length;
      told = error?.message ?? '';
    });
    let left = -1;
    const release = await seconds(async () => {
      left = (await givenBack(plane, new Set(), RELEASE)).left.length;
    });
    const throttled = [...standIn.throttled.values()].reduce((sum, one) => sum + one, 0);
    const calls = [...standIn.calls.values()].reduce((sum, one) => sum + one, 0);
    return [
      timed(`${provider}: launch of ${machines}`, launch, least.launch(machines)),
      timed(`${provider}: release of ${machines}`, release, least.release(machines)),
      {
        figure: `${provider}: throttling errors seen by the user`,
        measured:
          told === ''
            ? `0 (${throttled} answers of the provider's in ${calls} calls); ${came} came, ${left} left`
            : told,
        target: '0, all came, none left',
        met: told === '' && came === machines && left === 0,
      },
    ];
  } finally {
    await standIn.close();
  }
}

function timed(figure: string, seconds: number, least: number): Row {
  return {
    figure,
    measured: `${seconds.toFixed(0)} s`,
    peer: `limit's own minimum ${Math.max(0, least).toFixed(0)} s`,
    target: `≤ ${MARGIN} × the minimum + 60 s`,
    met: seconds <= Math.max(0, least) * MARGIN + 60,
  };
}
