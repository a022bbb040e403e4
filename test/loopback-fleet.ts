/**
 * A fleet as a provider would hand it over: hosts behind real sshd, a host file with serials, a plan; each
 * host can be broken by itself, in the way that real ones break. Runs the built `assay`.
 */
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { spawn } from '../runners/process.ts';
import type { Verdict } from '../verdicts/model.ts';
import { brokenTorch, customize, type breakages } from './broken-torch.ts';
import { startSshd, type TestSshd } from './sshd.ts';

/** One host: its address and its HOME. */
export type TestHost = TestSshd['hosts'][number];

/** Hosts, their serials and the built command. */
export interface LoopbackFleet {
  readonly sshd: TestSshd;
  readonly hosts: readonly TestHost[];
  /** "SN-0001" for the first host: the serial column. */
  readonly serial: (host: TestHost) => string;
  /** Writes a host file and a plan beside it; the file's path. `refused`: hosts whose port nobody listens at. */
  plan(parts: PlanParts): Promise<string>;
  /** Runs the built command to its end; `limit` in seconds, `hear` gets each event as it is told. */
  assay(words: readonly string[], limit: number, hear?: (event: RunEvent) => void): Promise<Ended>;
  stop(): Promise<void>;
}

/** What a plan is made of; each part is YAML of its block, indented as it should be. */
export interface PlanParts {
  /** Base name of the plan, default "plan". */
  readonly name?: string;
  readonly fleet?: readonly string[];
  readonly suites: readonly string[];
  readonly criteria: readonly string[];
  readonly decision?: readonly string[];
  /** Default: all. */
  readonly hosts?: readonly TestHost[];
  readonly refused?: readonly TestHost[];
  /** OpenSSH client configuration, a path; default: none. */
  readonly config?: string;
  /** More columns of the host file, by the host's place. */
  readonly columns?: (host: number) => Readonly<Record<string, string>>;
}

/** A line of `--json`. */
export type RunEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

/** How a command ended, with what it told as events. */
export interface Ended {
  readonly code: number;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
  /** Absolute path of the run directory; absent where there was none. */
  readonly run?: string;
}

const command = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
/** Starts the hosts. */
export async function loopbackFleet(
  options: Parameters<typeof startSshd>[0],
): Promise<LoopbackFleet> {
  const sshd = await startSshd(options);
  const serial = (host: TestHost) => `SN-${String(sshd.hosts.indexOf(host) + 1).padStart(4, '0')}`;
  return {
    sshd,
    hosts: sshd.hosts,
    serial,
    async plan(parts) {
      const name = parts.name ?? 'plan';
      const rows = (parts.hosts ?? sshd.hosts).map((host) => {
        const port = parts.refused?.includes(host) === true ? 1 : sshd.port;
        const more = Object.values(parts.columns?.(sshd.hosts.indexOf(host)) ?? {});
        const rack = `rack-${(sshd.hosts.indexOf(host) >> 3) + 1}`;
        return [host.address, port, serial(host), rack, ...more].join(',');
      });
      const names = ['host', 'port', 'serial', '#rack', ...Object.keys(parts.columns?.(0) ?? {})];
      const table = join(sshd.folder, `${name}.csv`);
      await writeFile(table, `${names.join(',')}\n${rows.join('\n')}\n`);
      const file = join(sshd.folder, `${name}.yaml`);
      await writeFile(file, planText(parts, table, sshd));
      return file;
    },
    async assay(words, limit, hear = () => undefined) {
      const out = join(sshd.folder, 'runs');
      const own = words[0] === 'accept' ? ['--out', out] : [];
      const running = spawn([process.execPath, command, ...words, '--json', ...own], { limit });
      const complaint = text(running.stderr);
      const events: RunEvent[] = [];
      for await (const line of createInterface({ input: running.stdout })) {
        const event = JSON.parse(line) as RunEvent;
        events.push(event);
        hear(event);
      }
      const ended = await running.end;
      const stderr = await complaint;
      if (ended.ended !== 'exited')
        throw new Error(`${words.join(' ')}: ${ended.ended}\n${stderr}`);
      const run = words[0] === 'accept' ? await newestRun(out) : words[1];
      return { code: ended.code, events, stderr, ...(run !== undefined && { run }) };
    },
    stop: () => sshd.stop(),
  };
}

/** The verdict of a run. */
export async function verdictOf(run: string | undefined): Promise<Verdict> {
  return JSON.parse(await readFile(join(run ?? '', 'verdict.json'), 'utf8')) as Verdict;
}

/** Breaks torch for every Python that is started with a host's HOME, and for no other. */
export async function breakTorch(host: TestHost, how: keyof typeof breakages): Promise<void> {
  await customize(host.home, brokenTorch(how));
}

function planText(parts: PlanParts, table: string, sshd: TestSshd): string {
  const { fleet = [], suites, criteria, decision = [] } = parts;
  const block = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    'assay: 1',
    `delivery: { reference: ${parts.name ?? 'plan'}, provider: own, sku: cpu-reference, accelerators-per-node: 1 }`,
    'fleet:',
    ...block([
      'runner: ssh',
      `hosts: "file:${table}"`,
      `identity-file: ${sshd.identityFile}`,
      `known-hosts: ${sshd.knownHosts}`,
      `config: ${parts.config ?? 'none'}`,
      ...fleet,
    ]),
    'suites:',
    ...block(suites),
    'criteria:',
    ...block(criteria),
    ...(decision.length > 0 ? ['decision:', ...block(decision)] : []),
    '',
  ].join('\n');
}

async function newestRun(out: string): Promise<string | undefined> {
  if (!existsSync(out)) return undefined;
  // An id begins with its time.
  const names = (await readdir(out)).sort();
  const last = names.at(-1);
  return last === undefined ? undefined : join(out, last);
}
