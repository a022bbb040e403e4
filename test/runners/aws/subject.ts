/** EC2 as the shared tests see it. */
import { connectEc2 } from '../../../runners/aws/client.ts';
import { awsOptions } from '../../../runners/aws/options.ts';
import { ec2Provisioner } from '../../../runners/aws/provision.ts';
import { awsRunner } from '../../../runners/aws/runner.ts';
import type { Clock } from '../../../runners/cloud/clock.ts';
import type { Subject } from '../cloud/plane.ts';

/** Block of a plan; `provision` is merged. */
export function block(
  endpoint: string,
  provision: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
) {
  return awsOptions.parse({
    endpoint,
    config: 'none',
    'boot-time': '60 s',
    'release-time': '120 s',
    'host-key-wait': '1 s',
    'connect-timeout': '1 s',
    provision: {
      nodes: 8,
      type: 'c5.large',
      image: 'ami-0123456789abcdef0',
      'security-groups': ['sg-0123456789abcdef0'],
      places: [place('0')],
      ...provision,
    },
    ...more,
  });
}

/** A place of a plan: the digit is the end of its subnet. */
export function place(digit: string, more: Readonly<Record<string, unknown>> = {}) {
  return { region: 'us-east-1', subnet: `subnet-0123456789abcdef${digit}`, ...more };
}

/** A client for a stand-in. */
export function ec2Of(endpoint: string, clock: Clock) {
  return connectEc2({
    clock,
    random: Math.random,
    standIn: true,
    redact: () => undefined,
    endpoint,
  });
}

/** With places of its own for those who ask for them. */
export function subjectAt(places: (count: number) => readonly object[]): Subject {
  return {
    provider: 'aws',
    launch: 'RunInstances',
    list: 'DescribeInstances',
    runner: (url, clock) => awsRunner(block(url), clock),
    async connect(url, clock, nodes, count) {
      const { provision, address } = block(url, { nodes, places: places(count) });
      if (provision === undefined) throw new Error('the plan attaches');
      return ec2Provisioner(await ec2Of(url, clock), { provision, address });
    },
  };
}

export const awsSubject = subjectAt((count) =>
  Array.from({ length: count }, (_, at) => place(String(at))),
);
