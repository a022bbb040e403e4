/** Tokens a CPU-second: ours beside aiperf, guidellm and `vllm bench serve`, the same server, the same work. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRow } from '../../suites/inference/window/row.ts';
import { startReference } from '../../test/reference-llm.ts';
import type { Row } from '../bench.ts';
import { builtDist, numberAfter } from '../prepare.ts';
import { usageOf } from '../usage.ts';
import { CLIENT_CORE, mean, pinned, SERVER_CORE } from './sides.ts';
import { watchTree } from './tree.ts';
import {
  installed,
  peersFolder,
  resultOf,
  tokenizer,
  TOOLS,
  type Tool,
  type Work,
} from './tools.ts';

/** Requests of a run that counts, s of load. */
const SECONDS = 30;
/** Requests of a first run that does not: it reads a tool's files from the disk and compiles them. */
const FIRST = 200;
/** Between these shares of its tokens a run is looked at: what a tool takes to start and to end is not in it. */
const [FROM, TO] = [0.25, 0.95];
/** Requests a second; a slower stream is dearer a token, for each wake-up finds less. */
const RATES = [100, 200] as const;
const TOKENS = 64;
const TIMES = 3;
const ALLOWED = 0.02;

/** What one side cost and found. */
interface Side {
  /** By CPU-seconds of the process and its children while the load was steady. */
  readonly perCpuSecond: number;
  /** Of the whole run, start and compiling included. */
  readonly perCpuSecondWithStart: number;
  /** CPU-seconds of the whole run. */
  readonly cpu: number;
  /** Achieved, tokens/s while the answers came. */
  readonly rate: number;
  /** Largest error of mean TTFT (from the send) and time between tokens against the server's log. */
  readonly error: number;
}

interface Ran {
  readonly cpu: number;
  readonly ttft: number;
  readonly tpot: number;
}

/** @param words `--rate N` for one rate only */
export async function peers(words: readonly string[]): Promise<Row[]> {
  const folder = peersFolder(words);
  const dist = builtDist();
  const tools: [Tool, { readonly bin: string; readonly words: string } | string][] = [];
  for (const tool of TOOLS) {
    try {
      const name = tool.name === 'vllm-bench' ? 'vllm' : tool.name;
      const bin = await installed(folder, name, [tool.package]);
      tools.push([tool, { bin, words: await tokenizer(bin, folder) }]);
    } catch (error) {
      tools.push([tool, messageOf(error)]);
    }
  }
  const only = numberAfter(words, '--rate');
  const rows: Row[] = [];
  for (const rate of only === undefined ? RATES : [only]) {
    const ours = await side(rate, (work, out) => runOurs(dist, work, out));
    const found: [Tool, Side | string][] = [];
    for (const [tool, there] of tools) {
      try {
        if (typeof there === 'string') throw new Error(there);
        const start = (work: Work, out: string) => runTool(tool, there.bin, there.words, work, out);
        found.push([tool, await side(rate, start)]);
      } catch (error) {
        found.push([tool, messageOf(error)]);
      }
    }
    rows.push(...rowsOf(rate, ours, found));
  }
  return rows;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function rowsOf(rate: number, ours: Side, found: readonly (readonly [Tool, Side | string])[]) {
  const there = found.flatMap(([, one]) => (typeof one === 'string' ? [] : [one]));
  const best = Math.max(...there.map((one) => one.perCpuSecond));
  const missing = found.filter(([, one]) => typeof one === 'string');
  const withStart = Math.max(...there.map((one) => one.perCpuSecondWithStart));
  return [
    told('ours', rate, ours),
    ...found.map(([tool, one]) =>
      typeof one === 'string'
        ? {
            figure: `${tool.name}: tokens a CPU-second, ${rate} requests/s`,
            measured: one.slice(0, 200),
            target: 'runs',
            met: false,
          }
        : told(tool.name, rate, one),
    ),
    {
      figure: `ours to the best peer, tokens a CPU-second, ${rate} requests/s`,
      measured: (ours.perCpuSecond / best).toFixed(1),
      peer: best.toFixed(0),
      target: `>= ${TIMES}, every peer there, our error <= ${ALLOWED * 100} %`,
      met: ours.perCpuSecond >= TIMES * best && missing.length === 0 && ours.error <= ALLOWED,
    },
    {
      figure: `the same of a whole run, each start included, ${rate} requests/s`,
      measured: (ours.perCpuSecondWithStart / withStart).toFixed(1),
      peer: withStart.toFixed(0),
    },
  ];
}

function told(name: string, rate: number, one: Side): Row {
  const error = (one.error * 100).toFixed(2);
  return {
    figure: `${name}: tokens a CPU-second of steady load; error at ${rate} requests/s × ${TOKENS} tokens`,
    measured: `${one.perCpuSecond.toFixed(0)}; ${error} %; ${one.rate.toFixed(0)} tokens/s; ${one.cpu.toFixed(1)} CPU-s in all`,
  };
}

async function side(rate: number, start: (work: Work, out: string) => Promise<Ran>): Promise<Side> {
  await once(rate, FIRST, start);
  const { ran, sent, cpuOf } = await once(rate, SECONDS * rate, start);
  const all = sent.flatMap(({ sends }) => sends).sort((a, b) => a - b);
  const [from, to] = [FROM, TO].map((share) => all[Math.floor(share * (all.length - 1))] ?? 0);
  if (from === undefined || to === undefined || !(to > from)) throw new Error('no answers');
  const spans = sent.map(({ sends }) => ((sends.at(-1) ?? 0) - (sends[0] ?? 0)) / (TOKENS - 1));
  const waits = sent.map(({ sends, received }) => (sends[0] ?? 0) - received);
  const began = Math.min(...sent.map(({ received }) => received));
  return {
    perCpuSecond: ((TO - FROM) * all.length) / cpuOf(from, to),
    perCpuSecondWithStart: all.length / ran.cpu,
    cpu: ran.cpu,
    rate: all.length / ((all.at(-1) ?? 0) - began),
    error: Math.max(Math.abs(ran.ttft / mean(waits) - 1), Math.abs(ran.tpot / mean(spans) - 1)),
  };
}

/** One run against a server of its own, with what that one sent. */
async function once(
  rate: number,
  requests: number,
  start: (work: Work, out: string) => Promise<Ran>,
) {
  const server = await startReference({}, pinned(SERVER_CORE));
  const out = mkdtempSync(join(tmpdir(), 'assay-peer-'));
  const tree = watchTree(server.pid);
  try {
    const ran = await start({ url: server.url, rate, requests, tokens: TOKENS }, out);
    const cpuOf = tree.stop();
    const sent = [...(await server.stop()).values()].filter(({ sends }) => sends.length === TOKENS);
    return { ran, sent, cpuOf };
  } finally {
    tree.stop();
    await server.stop().catch(() => undefined);
    rmSync(out, { recursive: true, force: true });
  }
}

async function runTool(tool: Tool, bin: string, words: string, work: Work, out: string) {
  const argv = [...pinned(CLIENT_CORE), ...tool.argv(bin, work, words, out)];
  const usage = await usageOf(argv, join(out, 'usage.txt'), { limit: 180 });
  if (usage.code !== 0)
    throw new Error(`exit ${usage.code}: ${(usage.stderr || usage.stdout).slice(-300)}`);
  const samples = resultOf(tool, out);
  const average = (metric: string) =>
    samples.find((one) => one.metric === metric && one.parameters['statistic'] === 'mean')?.value ??
    Number.NaN;
  return { cpu: usage.cpu, ttft: average(tool.ttft), tpot: average(tool.tpot) };
}

/** Our generator as it is built, from its command line; its rows are read again here. */
async function runOurs(dist: string, work: Work, out: string) {
  const settings = {
    api: 'chat',
    model: '',
    arrivals: { kind: 'poisson' },
    input: 16,
    output: work.tokens,
    body: {},
    seed: 1,
    timeout: 60,
    slo: {},
    threads: 1,
    lateness: 0.05,
    work: { kind: 'window', rate: work.rate, settling: 0, requests: work.requests },
  };
  const main = join(dist, 'suites/inference/load/main.js');
  const argv = [
    ...pinned(CLIENT_CORE),
    process.execPath,
    main,
    JSON.stringify(settings),
    work.url,
    '',
    '',
  ];
  const usage = await usageOf(argv, join(out, 'usage.txt'), { limit: 180 });
  const rows = usage.stdout.split('\n').flatMap((line) => {
    if (!line.includes('"of":"request"')) return [];
    const row = decodeRow((JSON.parse(line) as { values: number[] }).values.slice(1));
    return typeof row === 'string' || row.first === undefined || row.last === undefined
      ? []
      : [row];
  });
  if (!usage.stdout.includes('"kind":"done","ok":true')) {
    throw new Error(`ours: ${usage.stdout.slice(-300)} ${usage.stderr.slice(-300)}`);
  }
  return {
    cpu: usage.cpu,
    ttft: mean(rows.map((row) => (row.first ?? 0) - (row.sent ?? 0))),
    tpot: mean(rows.map((row) => ((row.last ?? 0) - (row.first ?? 0)) / (work.tokens - 1))),
  };
}
