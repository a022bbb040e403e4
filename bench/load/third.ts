/**
 * A real server of somebody else's (llama.cpp through llama-cpp-python, random weights made here) under `accept`:
 * two searches for the rate that it holds, and one load beside aiperf's (`--rate N`: this alone, at that rate).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openRun } from '../../campaign/directory/reader.ts';
import { run } from '../../runners/process.ts';
import type { ImportedSample } from '../../suites/import-model.ts';
import { prompt } from '../../suites/inference/load/prompt.ts';
import type { RequestRow } from '../../suites/inference/window/row.ts';
import { runLoad, type Loaded } from '../../test/load-generator.ts';
import type { Row } from '../bench.ts';
import { builtDist, numberAfter } from '../prepare.ts';
import { CLIENT_CORE, generatorsAhead, mean, pinned, quantile, SERVER_CORE } from './sides.ts';
import { installed, peersFolder, resultOf, tokenizer, TOOLS, type Work } from './tools.ts';

const INPUT = 8;
const TOKENS = 16;
/** Of our prompts: the suite's default. */
const SEED = 1;
/** Of each load beside aiperf's: they take turns, for a machine is not the same all the time. */
const REQUESTS = 400;
const TURNS = 3;
const WITHIN = 0.1;
const HOST = '127.50.0.1';
const PORT = 25_030;

export async function third(words: readonly string[]): Promise<Row[]> {
  builtDist();
  const folder = peersFolder(words);
  const work = mkdtempSync(join(tmpdir(), 'assay-third-'));
  try {
    const bin = await installed(folder, 'llama', ['llama-cpp-python[server]', 'gguf', 'numpy']);
    const model = join(work, 'random.gguf');
    const script = fileURLToPath(new URL('../load-gguf.py', import.meta.url));
    const made = await run([`${bin}/python`, script, model], { limit: 60 });
    if (made.ended !== 'exited' || made.code !== 0) throw new Error(made.stderr.toString());
    const only = numberAfter(words, '--rate');
    if (only !== undefined) return await beside(bin, model, work, only, words);
    const searches = await searched(bin, model, work);
    const rate = searches[0]?.rate ?? 10;
    return [...rowsOf(searches), ...(await beside(bin, model, work, rate / 2, words))];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Search {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
  readonly windows: number;
}

function rowsOf(searches: readonly Search[]): Row[] {
  const [one, other] = searches;
  const overlap =
    one !== undefined && other !== undefined && one.low <= other.high && other.low <= one.high;
  const shown = ({ rate, low, high, windows }: Search) =>
    `${rate.toFixed(1)} (${low.toFixed(1)} … ${high.toFixed(1)}, ${windows} windows)`;
  const wide = searches.map(({ low, high }) => Math.sqrt(high / low) - 1);
  return [
    {
      figure: 'llama.cpp under accept: rate that it holds, requests/s, two searches',
      measured: searches.map(shown).join('; ') || 'none ended',
      target: 'overlap',
      met: overlap,
    },
    {
      figure: 'half widths of their 95 % intervals',
      measured: wide.map((one) => `± ${(one * 100).toFixed(1)} %`).join('; '),
      target: `<= ± ${WITHIN * 100} %`,
      met: wide.length === 2 && wide.every((half) => half <= WITHIN),
    },
  ];
}

function serverArgv(bin: string, model: string, host: string, port: string): readonly string[] {
  return [
    ...pinned(SERVER_CORE),
    `${bin}/python`,
    '-m',
    'llama_cpp.server',
    '--model',
    model,
    '--host',
    host,
    '--port',
    port,
    ...'--n_ctx 512 --n_threads 1 --n_threads_batch 1'.split(' '),
    ...'--verbose False --interrupt_requests False'.split(' '),
  ];
}

/** Two trials of the search, each with a server that the run starts and stops. */
async function searched(bin: string, model: string, work: string): Promise<readonly Search[]> {
  const plan = join(work, 'plan.yaml');
  const command = JSON.stringify(serverArgv(bin, model, '{address}', '{port}'));
  writeFileSync(
    plan,
    `assay: 1
seed: 5
delivery: { reference: llama.cpp, provider: own, sku: cpu-reference, count: 1 }
fleet: { runner: local }
suites:
  inference:
    mode: server
    serving:
      server: { command: ${command}, ready: /v1/models }
      api: completions
      input: ${INPUT}
      output: ${TOKENS}
      slo: { e2e: 250 ms }
      lateness: 50 ms
      timeout: 10 s
      search: { from: 10 req/s, share: 90 %, within: 6 %, windows: 30, requests: 200, settle: 30 }
criteria:
  - { id: rate, metric: inference.endpoint.sustained-rate, per: endpoint, at-least: 1 req/s, nominal: 10 req/s, source: contract }
decision: { max-trials: 2 }
`,
  );
  const out = join(work, 'runs');
  const stub = fileURLToPath(new URL('../../bin/assay.js', import.meta.url));
  const callOff = generatorsAhead();
  const ran = await run(pinnedArgv([process.execPath, stub, 'accept', plan, '--out', out]), {
    limit: 420,
  });
  callOff();
  const [id] = readdirSync(out);
  if (id === undefined) throw new Error(ran.stderr.toString().slice(-500));
  const searches: Search[] = [];
  for await (const sample of (await openRun(join(out, id))).samples()) {
    if (sample.metric !== 'inference.endpoint.sustained-rate') continue;
    const { n = 0, min = 0, max = 0 } = sample.iterations ?? {};
    searches.push({ rate: sample.value, low: min, high: max, windows: n });
  }
  if (searches.length < 2)
    console.error(ran.stderr.toString().slice(-2000), ran.stdout.toString().slice(-2000));
  return searches;
}

/** One load by both, half of what the server holds: the same requests, word for word, at the same rate. */
async function beside(
  bin: string,
  model: string,
  work: string,
  rate: number,
  words: readonly string[],
): Promise<Row[]> {
  const [program = '', ...rest] = serverArgv(bin, model, HOST, String(PORT));
  const server = spawn(program, rest, { stdio: 'ignore' });
  try {
    const url = `http://${HOST}:${PORT}`;
    await answers(`${url}/v1/models`);
    const load = { url, rate: Number(rate.toFixed(2)), requests: REQUESTS, tokens: TOKENS };
    const prompts = promptsOf(work);
    const sides: Sides = { ours: [], theirs: [] };
    // The first turn warms the server up, for both alike, and is not kept.
    for (let turn = 0; turn <= TURNS; turn += 1) {
      const ours = await oursOf(load);
      const theirs = await aiperfOf({ ...load, prompts }, join(work, `aiperf-${turn}`), words);
      if (turn === 0) continue;
      sides.ours.push(ours);
      sides.theirs.push(theirs);
    }
    return compared(rate, sides);
  } finally {
    server.kill('SIGTERM');
  }
}

interface Sides {
  readonly ours: Loaded[];
  readonly theirs: (readonly ImportedSample[])[];
}

function oursOf({ url, rate, requests }: Work): Promise<Loaded> {
  const serving = {
    url,
    api: 'completions',
    input: INPUT,
    output: TOKENS,
    // Evenly spaced: two draws of random arrivals would queue differently, and no definition explains that.
    arrivals: 'constant',
    rates: [`${rate} req/s`],
    settle: '0 s',
    window: `${requests / rate} s`,
    lateness: '50 ms',
  };
  return runLoad(serving, { prefix: pinned(CLIENT_CORE) });
}

/** What our generator asks, as aiperf takes it. */
function promptsOf(work: string): string {
  const file = join(work, 'prompts.jsonl');
  const lines = Array.from({ length: REQUESTS }, (_, index) =>
    JSON.stringify({ text: prompt(INPUT, SEED, 0, index) }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

async function aiperfOf(load: Work, out: string, words: readonly string[]) {
  const aiperf = TOOLS.find((tool) => tool.name === 'aiperf');
  if (aiperf === undefined) throw new Error('aiperf is no tool any more');
  const bin = await installed(peersFolder(words), 'aiperf', ['aiperf']);
  const argv = aiperf.argv(bin, load, await tokenizer(bin, peersFolder(words)), out);
  const ran = await run(pinnedArgv(argv), { limit: 180 });
  if (ran.ended !== 'exited' || ran.code !== 0) throw new Error(ran.stdout.toString().slice(-800));
  return resultOf(aiperf, out);
}

/** Both sides' medians, turn by turn; where a definition differs, ours by theirs too. */
function compared(rate: number, { ours, theirs }: Sides): Row[] {
  const aiperf = (metric: string) => (samples: readonly ImportedSample[]) =>
    samples.find((one) => one.metric === metric && one.parameters['percentile'] === 0.5)?.value;
  const own = (metric: string) => (loaded: Loaded) => loaded.value(metric, 0.5);
  const fromSend =
    (of: (row: RequestRow) => number | undefined) =>
    ({ rows }: Loaded) =>
      quantile(
        rows.map(([, row]) => (of(row) ?? Number.NaN) - (row.sent ?? Number.NaN)),
        0.5,
      );
  const row = (figure: string, mine: (of: Loaded) => number | undefined, other: string): Row => {
    const [one, two] = [ours.map(mine), theirs.map(aiperf(other))];
    const ratio = mean(one.map(Number)) / mean(two.map(Number));
    return {
      figure: `${figure}, p50, ms, at ${rate.toFixed(1)} requests/s, ${TURNS} turns each`,
      measured: `${listed(one)}: ${ratio.toFixed(2)} of aiperf's`,
      peer: `${listed(two)} (aiperf)`,
    };
  };
  const [ttft, e2e] = ['aiperf.time_to_first_token', 'aiperf.request_latency'];
  return [
    row('TTFT (ours from the scheduled moment, aiperf’s from the send)', own('ttft'), ttft),
    row(
      'TTFT from the send (the same definition)',
      fromSend((one) => one.first),
      ttft,
    ),
    row(
      'TPOT without TTFT (the same definition)',
      own('tpot_excl_ttft'),
      'inference.endpoint.tpot_excl_ttft',
    ),
    row(
      'gap between chunks (the same definition)',
      own('chunk_gap'),
      'inference.endpoint.chunk_gap',
    ),
    row('E2E (ours to the last text, aiperf’s to the last response)', own('e2e'), e2e),
    row(
      'E2E from the send to the end (the same definition)',
      fromSend((one) => one.ended),
      e2e,
    ),
  ];
}

function listed(values: readonly (number | undefined)[]): string {
  return values.map((one) => (one === undefined ? 'none' : (one * 1e3).toFixed(2))).join(', ');
}

/** A program on the client's core. */
function pinnedArgv(argv: readonly string[]): readonly [string, ...string[]] {
  const [first = 'taskset', ...rest] = [...pinned(CLIENT_CORE), ...argv];
  return [first, ...rest];
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 120; tries += 1) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    await pause(500);
  }
  throw new Error(`${url} does not answer`);
}
