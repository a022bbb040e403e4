/** The peers, as PyPI has them: each in a venv of its own, started against a server, its result read by our importers. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../runners/process.ts';
import { importers } from '../../suites/inference/importers.ts';
import type { ImportedSample } from '../../suites/import-model.ts';

/** What is sent. */
export interface Work {
  readonly url: string;
  readonly rate: number;
  readonly requests: number;
  readonly tokens: number;
  /** File of prompts for the completions API, `{"text": …}` a line; absent: the tool makes its own. Only for aiperf. */
  readonly prompts?: string;
}

/** One load tool. */
export interface Tool {
  readonly name: 'vllm-bench' | 'aiperf' | 'guidellm';
  readonly package: string;
  /** argv after the venv's own folder, and where the result lies in `out`. */
  argv(bin: string, work: Work, tokenizer: string, out: string): readonly string[];
  /** Its mean TTFT and time between tokens, by the names that our importers give them. */
  readonly ttft: string;
  readonly tpot: string;
}

const PROMPT = 16;

export const TOOLS: readonly Tool[] = [
  {
    name: 'vllm-bench',
    package: 'vllm',
    argv: (bin, { url, rate, requests, tokens }, tokenizer, out) => [
      `${bin}/vllm`,
      ...'bench serve --backend openai-chat --endpoint /v1/chat/completions --model reference'.split(
        ' ',
      ),
      ...'--dataset-name random --ignore-eos --save-result --disable-tqdm'.split(' '),
      ...`--base-url ${url} --tokenizer ${tokenizer} --random-input-len ${PROMPT}`.split(' '),
      ...`--random-output-len ${tokens} --num-prompts ${requests} --request-rate ${rate}`.split(
        ' ',
      ),
      ...`--percentile-metrics ttft,tpot,itl,e2el --result-dir ${out}`.split(' '),
    ],
    ttft: 'vllm-bench.ttft',
    tpot: 'inference.endpoint.tpot_excl_ttft',
  },
  {
    name: 'guidellm',
    package: 'guidellm',
    argv: (bin, { url, rate, requests, tokens }, tokenizer, out) => [
      `${bin}/guidellm`,
      'run',
      ...`--backend kind=openai_http,target=${url},model=reference`.split(' '),
      ...`--profile kind=poisson,rate=${rate} --constraint kind=max_requests,count=${requests}`.split(
        ' ',
      ),
      ...`--tokenizer kind=hf_auto,model=${tokenizer}`.split(' '),
      ...`--data kind=synthetic_text,prompt_tokens=${PROMPT},output_tokens=${tokens}`.split(' '),
      ...`--output kind=json,path=${out}/report.json`.split(' '),
    ],
    ttft: 'guidellm.time_to_first_token_ms',
    tpot: 'guidellm.inter_token_latency_ms',
  },
  {
    name: 'aiperf',
    package: 'aiperf',
    argv: (bin, { url, rate, requests, tokens, prompts }, tokenizer, out) => [
      `${bin}/aiperf`,
      ...`profile --model reference --url ${url} --streaming --ui none`.split(' '),
      ...`--request-rate ${rate} --request-count ${requests} --tokenizer ${tokenizer}`.split(' '),
      ...(prompts === undefined
        ? `--endpoint-type chat --isl ${PROMPT} --osl ${tokens} --extra-inputs ignore_eos:true`
        : `--endpoint-type completions --custom-dataset-type single_turn --input-file ${prompts} --extra-inputs max_tokens:${tokens} --arrival-pattern constant`
      ).split(' '),
      ...`--output-artifact-dir ${out}`.split(' '),
    ],
    ttft: 'aiperf.time_to_first_token',
    tpot: 'inference.endpoint.tpot_excl_ttft',
  },
];

/** Where the venvs are kept from run to run. */
export function peersFolder(words: readonly string[]): string {
  const at = words.indexOf('--peers');
  return at < 0 ? join(homedir(), '.cache', 'assay-bench') : (words[at + 1] ?? '');
}

/** Seconds that an installation may take: one of them compiles a C++ program on a machine that may be busy. */
const INSTALLING = 5400;
/** Of what is compiled, only what is used here. */
const COMPILING = { CMAKE_ARGS: '-DLLAVA_BUILD=OFF' };

/** The venv's `bin`, made and filled where it is not whole. @throws {Error} why it could not be installed */
export async function installed(
  folder: string,
  name: string,
  packages: readonly string[],
): Promise<string> {
  const venv = join(folder, name);
  const bin = join(venv, 'bin');
  // Written last: a venv without it was left half made. A package need not bring a program of its name.
  const whole = join(venv, 'installed');
  const wanted = packages.join(' ');
  if (existsSync(whole) && readFileSync(whole, 'utf8').trim() === wanted) return bin;
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const argv of [
    ['python3', '-m', 'venv', venv],
    [join(bin, 'pip'), 'install', '-q', ...packages],
  ] as const) {
    const [program, ...rest] = argv;
    const ran = await run([program, ...rest], { limit: INSTALLING, environment: COMPILING });
    if (ran.ended !== 'exited' || ran.code !== 0) {
      throw new Error(`${argv.join(' ')}: ${ran.stderr.toString().trim().slice(-300)}`);
    }
  }
  writeFileSync(whole, `${wanted}\n`);
  return bin;
}

/** A tokenizer that needs no network, in a folder. */
export async function tokenizer(bin: string, folder: string): Promise<string> {
  const path = join(folder, 'tokenizer');
  if (existsSync(join(path, 'tokenizer.json'))) return path;
  const script = fileURLToPath(new URL('../load-tokenizer.py', import.meta.url));
  const made = await run([`${bin}/python`, script, path], { limit: 120 });
  if (made.ended !== 'exited' || made.code !== 0)
    throw new Error(made.stderr.toString().slice(-300));
  return path;
}

/** A tool's result in our terms. @throws {Error} where it left none */
export function resultOf(tool: Tool, out: string): readonly ImportedSample[] {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' });
  const wanted = tool.name === 'aiperf' ? /profile_export_aiperf\.json$/u : /\.json$/u;
  const file = files.find((one) => wanted.test(one));
  const importer = importers.find((one) => one.tool === tool.name);
  if (file === undefined || importer === undefined) throw new Error(`${tool.name} left no result`);
  return importer.read(readFileSync(join(out, file), 'utf8'), { file });
}
