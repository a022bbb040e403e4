/** A run over hosts with networks of their own, and what it came to: who is named, in how many rounds. */
import { openRun } from '../campaign/directory/reader.ts';
import type { Verdict } from '../verdicts/model.ts';
import { verdictOf, type RunEvent } from './loopback-fleet.ts';
import type { NetworkHosts } from './network-hosts.ts';

/** MiB a message: most of a second at 50 Mbit/s, so that a busy machine's stutter is little of it. */
const SIZE = 4;
/** Half of the way (ln) from 50 Mbit/s to the 25 of a slowed link, in B/s of payload. */
const BOUNDS = 'at-least: 3.75 MB/s, nominal: 5.3 MB/s';

/** What is asked of the pairs. */
export interface PairsAsked {
  readonly name: string;
  /** `rail`: each interface by itself. */
  readonly scope: 'pair' | 'rail';
  readonly interfaces?: readonly string[];
  readonly fullSweep?: boolean;
  /** MiB a message; absent: four. */
  readonly size?: number;
  /** Relative; absent: the run measures it first. */
  readonly sigma?: number;
}

/** What a run came to. */
export interface Located {
  readonly code: number;
  readonly verdict: Verdict;
  /** Ids that fail. */
  readonly named: readonly string[];
  /** `leaf leaf-2`. */
  readonly groups: readonly string[];
  /** Links that fail and that no node or group answers for: `n0001~n0002`. */
  readonly links: readonly string[];
  /** Of one good pair, relative, as the run measured it; NaN: it could not. */
  readonly sigma: number;
  /** d′. */
  readonly distance: number;
  /** Rounds that looked for the guilty, after those that sigma was measured on. */
  readonly rounds: number;
  readonly seconds: number;
  readonly stderr: string;
}

/** A plan for pairs of these hosts. */
export function pairsPlan(net: NetworkHosts, asked: PairsAsked): Promise<string> {
  const { name, scope, interfaces, fullSweep = false, sigma, size = SIZE } = asked;
  const rails = interfaces === undefined ? '' : `rail-interfaces: [${interfaces.join(', ')}], `;
  return net.plan({
    name,
    suites: [
      `nccl: { collectives: [all_reduce], sizes: [${size} MiB], scopes: [${scope}], ${rails}iterations: 4, warm-up: 1, full-sweep: ${fullSweep} }`,
    ],
    criteria: [
      `- { id: links, metric: nccl.all_reduce.busbw, where: { scope: ${scope}, bytes: ${size * 2 ** 20} }, per: link, ${BOUNDS}, source: "this test" }`,
    ],
    ...(sigma !== undefined && { decision: [`sigma: { nccl.all_reduce.busbw: ${sigma} }`] }),
  });
}

/** Runs a plan to its end. @param limit seconds */
export async function locate(
  net: NetworkHosts,
  plan: string,
  limit: number,
  hear?: (event: RunEvent) => void,
): Promise<Located> {
  const began = Date.now();
  const ended = await net.fleet.assay(['accept', plan], limit, hear);
  const seconds = (Date.now() - began) / 1000;
  if (![0, 1, 3].includes(ended.code)) {
    const last = ended.events.slice(-3).map((event) => JSON.stringify(event).slice(0, 400));
    throw new Error(`exit ${ended.code}: ${ended.stderr}\n${last.join('\n')}`);
  }
  const verdict = await verdictOf(ended.run);
  const said = verdict.notes.map((note) => /sigma_pair ([\d.]+) %, d′ = ([\d.]+)/u.exec(note));
  const measured = said.find((one) => one !== null);
  return {
    code: ended.code,
    verdict,
    named: verdict.nodes.filter((node) => node.verdict === 'fail').map((node) => node.id),
    groups: verdict.groups.map(({ domain }) => `${domain.kind} ${domain.id}`),
    links: verdict.findings.flatMap(({ subject, verdict: word, guilty }) =>
      subject.kind === 'link' && word === 'fail' && (guilty === undefined || guilty.length === 0)
        ? [subject.ends.join('~')]
        : [],
    ),
    sigma: Number(measured?.[1] ?? Number.NaN) / 100,
    distance: Number(measured?.[2] ?? Number.NaN),
    rounds: await searchRounds(ended.run ?? ''),
    seconds,
    stderr: ended.stderr,
  };
}

async function searchRounds(run: string): Promise<number> {
  const open = await openRun(run);
  const rounds = new Set<number>();
  try {
    for await (const { trial } of open.attempts()) {
      if (trial.why === 'screen' || trial.why === 'confirm') rounds.add(trial.round);
    }
  } finally {
    await open.close();
  }
  return rounds.size;
}
