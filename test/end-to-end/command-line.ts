/** The real command line: bin/assay.js of a fresh build, in a folder and a home of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Seconds after which a command that is still running is killed: the test then fails by its code. */
const LIMIT = 240;

/** How a command ended, with all that it printed. */
export interface Ran {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams. */
  readonly text: string;
}

/** A command under way. */
export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Resolves when this was printed on either stream. @throws {Error} when it ended without it */
  saw(what: RegExp): Promise<void>;
}

/** A folder to run in: plans are written there, runs go to `runs`. Its HOME is the local runner's. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'assay-cli-'));
  readonly home = join(this.folder, 'home');
  /** Added to a small environment. */
  readonly environment: Record<string, string> = {};
  #asked: ChildProcess | undefined;

  constructor() {
    build();
    mkdirSync(this.home);
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes a file and gives its path. */
  write(name: string, content: string | object): string {
    writeFileSync(this.path(name), typeof content === 'string' ? content : stringify(content));
    return this.path(name);
  }

  /** Starts `assay …`. */
  start(args: readonly string[]): Command {
    const child = spawn(process.execPath, [join(root, 'bin/assay.js'), ...args], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT * 1000,
      killSignal: 'SIGKILL',
    });
    const said = { stdout: '', stderr: '', text: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (part: string) => {
        said[name] += part;
        said.text += part;
      });
    }
    let over = false;
    const ended = new Promise<Ran>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        over = true;
        resolve({ code, ...said });
      });
    });
    return {
      child,
      ended,
      async saw(what) {
        while (!what.test(said.text)) {
          if (over) throw new Error(`ended without ${String(what)}:\n${said.text}`);
          await pause(20);
        }
      },
    };
  }

  /** Runs `assay …` to its end. */
  run(...args: readonly string[]): Promise<Ran> {
    return this.start(args).ended;
  }

  /** As `run`, in one process for all that are asked, one after the other: for what ends at once. */
  ask(...args: readonly string[]): Promise<Ran> {
    this.#asked ??= spawn(process.execPath, [join(root, 'test/end-to-end/one-process.mjs')], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#asked;
    const child = this.#asked;
    return new Promise((resolve, reject) => {
      const said = { stdout: '', stderr: '' };
      const gone = () => reject(new Error(`it ended:\n${said.stdout}${said.stderr}`));
      const hear = () => {
        const [out, code] = said.stdout.split('\0');
        const [err, again] = said.stderr.split('\0');
        if (code?.endsWith('\n') !== true || again?.endsWith('\n') !== true) return;
        child.off('close', gone);
        for (const one of [stdout, stderr]) one?.removeAllListeners('data');
        const [first = '', second = ''] = [out, err];
        resolve({ code: Number(code), stdout: first, stderr: second, text: first + second });
      };
      child.once('close', gone);
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8').on('data', (part: string) => {
          said[name] += part;
          hear();
        });
      }
      stdin?.write(`${JSON.stringify(args)}\n`);
    });
  }

  /** Run directories below `out`, oldest first. */
  runs(out = 'runs'): string[] {
    if (!existsSync(this.path(out))) return [];
    return readdirSync(this.path(out))
      .filter((name) => existsSync(this.path(out, name, 'plan.json')))
      .sort()
      .map((name) => this.path(out, name));
  }

  /** Ends the process of `ask`: it is no more left behind than we are. */
  async asked(): Promise<void> {
    const child = this.#asked;
    this.#asked = undefined;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill();
    await ended;
  }

  #environment(): Record<string, string> {
    return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.home, ...this.environment };
  }

  remove(): void {
    this.#asked?.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A JSON file of a run. */
export function json(run: string | undefined, name: string): unknown {
  return JSON.parse(readFileSync(join(run ?? '', name), 'utf8'));
}

/** verdict.json of a run. */
export function verdictOf(run: string | undefined): VerdictFile {
  return json(run, 'verdict.json') as VerdictFile;
}

/** The attempts that ended, as the journal has them. */
export function attemptsOf(run: string | undefined): readonly JournalledAttempt[] {
  return readFileSync(join(run ?? '', 'journal.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"attempt-end"'))
    .map((line) => JSON.parse(line) as JournalledAttempt);
}

/** An `attempt-end` event. */
export interface JournalledAttempt {
  readonly attempt: string;
  readonly outcome?: {
    readonly status: string;
    readonly owner?: string;
    readonly code?: string;
    readonly message?: string;
    readonly suspects?: readonly string[];
  };
}

/** The part of verdict.json that these tests read. */
interface VerdictFile {
  readonly lot: {
    readonly verdict: string;
    readonly reasons: readonly string[];
    readonly rejected: number;
    readonly accepted: number;
    readonly notTested: number;
  };
  readonly nodes: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly owner?: string;
    readonly reasons: readonly string[];
  }[];
}

/** node id → verdict and owner. */
export function words(run: string | undefined): Record<string, string> {
  const { nodes } = verdictOf(run);
  return Object.fromEntries(nodes.map(({ id, verdict }) => [id, verdict]));
}

/** Owner and code of each failed attempt of a node, the last one. */
export function blame(run: string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { attempt, outcome } of attemptsOf(run)) {
    if (outcome?.status !== 'failed') continue;
    const node = /@([^#]+)#/u.exec(attempt)?.[1] ?? attempt;
    found[node] = `${outcome.owner} ${outcome.code}`;
  }
  return found;
}

/** Processes whose HOME is one of these: what a run left on its hosts. Waits up to `seconds` for none. */
export async function leftBehind(homes: readonly string[], seconds = 10): Promise<string[]> {
  for (const end = Date.now() + seconds * 1000; ; await pause(100)) {
    const found = withHome(new Set(homes));
    if (found.length === 0 || Date.now() > end) return found;
  }
}

function withHome(homes: ReadonlySet<string>): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const variables = quietly(`/proc/${pid}/environ`).split('\0');
      return variables.some((one) => one.startsWith('HOME=') && homes.has(one.slice(5)));
    })
    .map((pid) => `${pid} ${quietly(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function quietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

const SOURCES = ['plan', 'runners', 'suites', 'verdicts', 'campaign', 'reports', 'bin', 'fixtures'];

/** Builds dist/ where a source is newer than it. */
export function build(): void {
  const built = join(root, 'dist/bin/main.js');
  const since = existsSync(built) ? statSync(built).mtimeMs : 0;
  const newer = SOURCES.filter((folder) => existsSync(join(root, folder))).some((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).some(
      (name) => statSync(join(root, folder, name)).mtimeMs > since,
    ),
  );
  if (!newer) return;
  const { status } = spawnSync(process.execPath, [join(root, 'bin/build.mjs')], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the build failed');
}
