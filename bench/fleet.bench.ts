/**
 * Hosts behind real sshd on this machine, by the built command: all three suites on every host and pairs over
 * two, healthy and with three hosts broken in three ways; then trials that only sleep, to see what we add.
 */
import { breakTorch, loopbackFleet, verdictOf } from '../test/loopback-fleet.ts';
import type { Ended, LoopbackFleet, TestHost } from '../test/loopback-fleet.ts';
import { smallestPlan } from '../test/loopback-plan.ts';
import type { Verdict } from '../verdicts/model.ts';
import type { Bench, Row } from './bench.ts';
import { SLEEP, sleepingCampaign, TRIALS } from './fleet-sleep.ts';
import { builtDist, needPeer, numberAfter } from './prepare.ts';

const HOSTS = 64;
/** Trials under way at once: a trial holds one or two Python processes with torch. */
const AT_ONCE = 8;
/** Seconds a run may take. */
const LIMIT = 3600;
const OVERHEAD = 1.25;
/** Controller's CPU a trial, ms. */
const CPU = 20;

/** `--hosts N` for fewer; `--part sleep|healthy|broken` for one of the three. */
export const bench: Bench = async (words) => {
  await needPeer({ 'openssh-client': ['ssh-keygen'], 'openssh-server': ['/usr/sbin/sshd'] });
  builtDist();
  const at = words.indexOf('--part');
  const wanted = (part: string) => at < 0 || words[at + 1] === part;
  const fleet = await loopbackFleet({ hosts: numberAfter(words, '--hosts') ?? HOSTS });
  try {
    return [
      ...(wanted('sleep') ? await sleeping(fleet) : []),
      ...(wanted('healthy') ? await healthy(fleet) : []),
      ...(wanted('broken') ? await broken(fleet) : []),
    ];
  } finally {
    await fleet.stop();
  }
};

async function sleeping(fleet: LoopbackFleet): Promise<Row[]> {
  const { measured, seconds, cpu } = await sleepingCampaign(fleet);
  const trials = fleet.hosts.length * TRIALS;
  const most = SLEEP * TRIALS * OVERHEAD;
  const each = (cpu / trials) * 1000;
  return [
    exactly('sleeping trials that ended in measured', measured, trials),
    {
      figure: `${TRIALS} trials of ${SLEEP} s on each host, first start to last end, s`,
      measured: seconds.toFixed(2),
      target: `<= ${most}`,
      met: seconds <= most,
    },
    {
      figure: 'CPU of the controller a trial, ms',
      measured: each.toFixed(2),
      target: `<= ${CPU}`,
      met: each <= CPU,
    },
  ];
}

async function healthy(fleet: LoopbackFleet): Promise<Row[]> {
  const plan = await fleet.plan(smallestPlan(AT_ONCE));
  const started = performance.now();
  const ended = await fleet.assay(['accept', plan], LIMIT);
  const verdict = await judged(ended);
  const passed = verdict.nodes.filter((one) => one.verdict === 'pass');
  const known = fleet.hosts.map((host) => `plan:${fleet.serial(host)}`);
  const named = passed.filter(({ identity }, index) => identity === known[index]);
  const between = verdict.criteria.find((one) => one.id === 'ranks-between');
  return [
    exactly('healthy: exit code', ended.code, 0),
    exactly('healthy: hosts that pass, each under its serial', named.length, known.length),
    exactly(
      'healthy: criteria of three suites that pass',
      verdict.criteria.filter((one) => one.verdict === 'pass' && one.counts.pass !== 0).length,
      verdict.criteria.length,
    ),
    {
      figure: 'healthy: pairs over two hosts that are right',
      measured: between?.counts.pass ?? 0,
      target: `>= ${known.length / 2}`,
      met: (between?.counts.pass ?? 0) >= known.length / 2,
    },
    took('healthy', started),
  ];
}

async function broken(fleet: LoopbackFleet): Promise<Row[]> {
  const { hosts, serial } = fleet;
  const place = (share: number) => hosts[Math.floor(share * hosts.length)] as TestHost;
  const [wrong, crashes, closed] = [place(0.15), place(0.5), place(0.85)];
  await breakTorch(wrong, 'wrong product');
  await breakTorch(crashes, 'crash');
  const plan = await fleet.plan({ name: 'broken', ...smallestPlan(AT_ONCE), refused: [closed] });
  const started = performance.now();
  const ended = await fleet.assay(['accept', plan], LIMIT);
  const { nodes } = await judged(ended);
  const seen = nodes
    .filter((one) => one.verdict !== 'pass')
    .map(({ identity, verdict, reasons }) => `${identity} ${verdict} ${causeOf(reasons)}`);
  const expected = [
    `plan:${serial(wrong)} fail wrong product`,
    `plan:${serial(crashes)} fail crash`,
    `plan:${serial(closed)} not-tested unreachable`,
  ];
  return [
    exactly('broken: exit code', ended.code, 1),
    {
      figure: 'broken: hosts that do not pass (all but three do)',
      measured: seen.join('; '),
      target: expected.join('; '),
      met: seen.join() === expected.join(),
    },
    took('broken', started),
  ];
}

/** What a node's reasons come to. */
function causeOf(reasons: readonly string[]): string {
  const text = reasons.join('\n');
  if (text.includes('matmul.gemm.correct is false')) return 'wrong product';
  if (text.includes('CRASHED')) return 'crash';
  return text.includes('SSH_UNREACHABLE') ? 'unreachable' : reasons.join(', ');
}

async function judged(ended: Ended): Promise<Verdict> {
  if (ended.code === 0 || ended.code === 1 || ended.code === 3) return verdictOf(ended.run);
  throw new Error(`exit ${ended.code}: ${ended.stderr}`);
}

function exactly(figure: string, measured: number, target: number): Row {
  return { figure, measured, target: String(target), met: measured === target };
}

function took(what: string, started: number): Row {
  const minutes = (performance.now() - started) / 60_000;
  return { figure: `${what}: whole run, min`, measured: minutes.toFixed(1) };
}
